import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** `vite --config src/dashboard/vite.config.ts` serves the pages with hot reload beside a platform on its usual port. */
const PLATFORM = 'http://127.0.0.1:8080'

export default defineConfig({
  root: import.meta.dirname,
  base: '/',
  plugins: [react()],
  build: { outDir: 'dist', emptyOutDir: true, target: 'es2022' },
  server: { proxy: { '/v1': PLATFORM, '/docs': PLATFORM, '/uploads': PLATFORM, '/openapi.json': PLATFORM } }
})
