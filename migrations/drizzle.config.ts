import { defineConfig } from 'drizzle-kit'

/** `npm run migrations` writes the SQL that takes the last migration's schema to this one; none if nothing changed. */
export default defineConfig({
  dialect: 'postgresql',
  schema: './src/storage/postgres/schema/*.ts',
  out: './migrations'
})
