/**
 * `npm run infra:check`: every linter of infra/ that is on this machine, offline, in seconds. A linter that is not there is said
 * loudly, since what was skipped was not checked; with `--strict` it fails. infra/tools.sh brings them.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { CHECKS, type Check } from './checks.ts'
import { pathsOfTools, TOOLS } from './tools.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const PATHS = pathsOfTools(process.env)

/** A file with a folder before its name is one that infra/tools.sh brings: into a folder of infra/, or among the tools. */
function isHere(tool: string): boolean {
  if (tool.startsWith('infra/')) return existsSync(join(ROOT, tool))
  return tool.includes('/') ? existsSync(join(TOOLS, tool)) : PATHS.some((path) => existsSync(join(path, tool)))
}

/** Building takes minutes, which nobody should wait for who lacks the others alone. */
const BUILT = ['helm', 'kubeconform', 'promtool']

function whoBrings(missing: string): string {
  if (missing.includes('systemd-analyze')) return 'systemd has it'
  return BUILT.some((tool) => missing.includes(tool)) ? 'infra/tools.sh --go brings it' : 'infra/tools.sh brings it'
}

const isForeign = (path: string): boolean => path.includes('node_modules')

interface Outcome {
  readonly name: string
  readonly how: 'passed' | 'failed' | 'skipped'
  readonly text: string
}

function perform({ name, needs, command, files = [] }: Check): Outcome {
  const missing = needs.filter((tool) => !isHere(tool))
  if (missing.length > 0) return { name, how: 'skipped', text: missing.join(', ') }
  const found = files.flatMap((pattern) => globSync(pattern, { cwd: ROOT, exclude: isForeign })).sort()
  if (files.length > 0 && found.length === 0) return { name, how: 'failed', text: `no file is ${files.join(' or ')}` }
  const [program, ...args] = command
  const { status, stdout, stderr, error } = spawnSync(
    program === 'node' ? process.execPath : program!,
    [...args, ...found],
    {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...process.env, PATH: PATHS.join(delimiter) }
    }
  )
  return { name, how: status === 0 ? 'passed' : 'failed', text: error ? String(error) : `${stdout}${stderr}` }
}

const outcomes = CHECKS.map((check) => {
  const start = performance.now()
  const outcome = perform(check)
  const seconds = ((performance.now() - start) / 1000).toFixed(1).padStart(5)
  process.stdout.write(`${seconds} s  ${outcome.how.padEnd(7)}  ${outcome.name}\n`)
  if (outcome.how === 'failed') process.stdout.write(`${outcome.text}\n`)
  return outcome
})
const skipped = outcomes.filter(({ how }) => how === 'skipped')
for (const { name, text } of skipped)
  process.stderr.write(`!! NOT CHECKED, not here: ${text} (${whoBrings(text)}): ${name}\n`)
const isStrict = process.argv.includes('--strict')
if (outcomes.some(({ how }) => how === 'failed') || (isStrict && skipped.length > 0)) process.exitCode = 1
