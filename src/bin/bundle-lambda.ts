/**
 * `npm run lambda`: the API for AWS Lambda as a folder, dist/lambda, to be zipped or copied into an image. One file of code, since a start that
 * reads 1,700 of them takes 1.4 s of a processor and this one 0.25 (bench/RESULTS.md). With `-- --node` also this Node, for `provided.al2023`.
 */
import { existsSync } from 'node:fs'
import { chmod, cp, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { build, type Plugin } from 'vite'

const ROOT = resolve(import.meta.dirname, '../..')
const ENTRY = join(ROOT, 'src/bin/lambda.ts')
const DASHBOARD = join(ROOT, 'src/dashboard/dist')
const SWAGGER_FILES = 'node_modules/@fastify/swagger-ui/static'

/** LAMBDA_TASK_ROOT is where Lambda unpacks a zip. */
const BOOTSTRAP = `#!/bin/sh
cd "$LAMBDA_TASK_ROOT" && exec ./node src/bin/lambda.js
`

/** Modules go on believing that they are where they were: what lies beside them is copied to the same place. */
const whereModulesWere = (): Plugin => ({
  name: 'where-modules-were',
  enforce: 'pre',
  transform(code, id) {
    const path = id.split('?', 1)[0] ?? id
    if (!path.startsWith(ROOT)) return null
    const here = `new URL(${JSON.stringify(relative(dirname(ENTRY), path))}, import.meta.url)`
    const folder = `new URL('.', ${here}).pathname.replace(/\\/$/, '')`
    if (path.includes('node_modules')) return path.includes('/@fastify/swagger-ui/') ? ofPackage(code, folder) : null
    return code.replaceAll(/import\.meta\.(dirname|url)/g, (_, what) =>
      what === 'url' ? `${here}.href` : `(${folder})`
    )
  }
})

/** CommonJS that looks beside itself. */
const ofPackage = (code: string, folder: string): string | null =>
  code.includes('__dirname') ? code.replaceAll('__dirname', `(${folder})`) : null

async function bundle(out: string, withNode: boolean): Promise<void> {
  await rm(out, { recursive: true, force: true })
  await build({
    configFile: false,
    root: ROOT,
    logLevel: 'warn',
    publicDir: false,
    plugins: [whereModulesWere()],
    // PostgreSQL's own client is asked for by name, and never used.
    ssr: { noExternal: true, external: ['pg-native'], target: 'node' },
    build: {
      ssr: ENTRY,
      outDir: join(out, 'src/bin'),
      emptyOutDir: false,
      target: 'node22',
      minify: true,
      rolldownOptions: { output: { format: 'esm', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' } }
    }
  })
  for (const file of ['package.json', 'migrations', SWAGGER_FILES])
    await cp(join(ROOT, file), join(out, file), { recursive: true })
  if (existsSync(DASHBOARD)) await cp(DASHBOARD, join(out, relative(ROOT, DASHBOARD)), { recursive: true })
  else process.stderr.write('without the dashboard, which is not built: npm run dashboard\n')
  if (!withNode) return
  await cp(process.execPath, join(out, 'node'))
  await writeFile(join(out, 'bootstrap'), BOOTSTRAP)
  for (const file of ['node', 'bootstrap']) await chmod(join(out, file), 0o755)
}

const { values } = parseArgs({
  options: { node: { type: 'boolean', default: false }, out: { type: 'string', default: join(ROOT, 'dist/lambda') } }
})
await bundle(resolve(values.out), values.node)
process.stdout.write(`${values.out}\n`)
