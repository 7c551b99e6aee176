/**
 * Makes the package in dist/: one file of code with the two small libraries that it uses inside, and the types. So it
 * installs nothing, and what it runs is what the command line runs.
 *
 *   node clients/typescript/build.ts [OUT]
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { build } from 'vite'

const HERE = import.meta.dirname
const ROOT = resolve(HERE, '../..')
const OUT = resolve(process.argv[2] ?? join(HERE, 'dist'))
const TYPES = join(OUT, 'types')
/** Packages whose types are in ours. Bundled code takes its licence along; so do copied types. */
const VENDORED = ['openapi-fetch', 'openapi-typescript-helpers'] as const
const DECLARATIONS = { 'openapi-fetch': 'dist/index.d.mts', 'openapi-typescript-helpers': 'dist/index.d.mts' } as const
const BUNDLED = ['openapi-fetch', 'openapi-typescript-helpers', 'eventsource-parser'] as const

const vendored = (name: string): string => join(TYPES, 'vendor', `${name}.d.ts`)
const packageFolder = (name: string): string => join(ROOT, 'node_modules', name)

async function writeCode(): Promise<void> {
  await build({
    configFile: false,
    logLevel: 'warn',
    build: {
      outDir: OUT,
      emptyOutDir: false,
      minify: false,
      target: 'es2022',
      lib: { entry: join(HERE, 'src/index.ts'), formats: ['es'], fileName: () => 'index.js' }
    }
  })
}

/** Declarations name sources and packages; whoever installs this one has neither, so the names become files beside. */
function withoutPackages(file: string): void {
  const text = VENDORED.reduce(
    (all, name) => {
      const path = relative(dirname(file), vendored(name)).replace(/\.d\.ts$/, '.js')
      const target = path.startsWith('.') ? path : `./${path}`
      return all.replaceAll(`"${name}"`, `'${target}'`).replaceAll(`'${name}'`, `'${target}'`)
    },
    readFileSync(file, 'utf8')
  )
  writeFileSync(file, text.replace(/(['"]\.\.?\/[^'"]+)\.ts(['"])/g, '$1.js$2'))
}

function writeTypes(): void {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  execFileSync(process.execPath, [tsc, '-p', join(HERE, 'tsconfig.json'), '--outDir', TYPES], { stdio: 'inherit' })
  mkdirSync(join(TYPES, 'vendor'), { recursive: true })
  for (const name of VENDORED) cpSync(join(packageFolder(name), DECLARATIONS[name]), vendored(name))
  for (const entry of readdirSync(TYPES, { recursive: true, encoding: 'utf8' }))
    if (entry.endsWith('.d.ts')) withoutPackages(join(TYPES, entry))
}

function writeNotices(): void {
  const notices = BUNDLED.map((name) => `${name}\n\n${readFileSync(join(packageFolder(name), 'LICENSE'), 'utf8')}`)
  writeFileSync(join(OUT, 'THIRD-PARTY.txt'), notices.join('\n\n'))
}

rmSync(OUT, { recursive: true, force: true })
await writeCode()
writeTypes()
writeNotices()
process.stdout.write(`${relative(process.cwd(), OUT) || OUT}\n`)
