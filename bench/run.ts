/** `npm run bench -- NAME`: one file a question. Each prints figures to paste into bench/RESULTS.md. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { resolve } from 'node:path'

const [name, ...args] = process.argv.slice(2)
const file = resolve(import.meta.dirname, `${name}.ts`)

if (!name || name === 'run' || !existsSync(file)) {
  const names = readdirSync(import.meta.dirname).flatMap((entry) => entry.match(/^(?!run)(.+)\.ts$/)?.[1] ?? [])
  process.stderr.write(`npm run bench -- NAME, where NAME is one of: ${names.join(', ')}\n`)
  process.exit(2)
}

process.exit(spawnSync(process.execPath, [file, ...args], { stdio: 'inherit' }).status ?? 1)
