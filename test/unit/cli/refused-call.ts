/** The commands as tests call them that expect a refusal: in a folder of everything that is wrong, with work that must not begin. */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import { type Command, EXIT, runCommand } from '../../../src/cli/command.ts'
import { createDoctorCommand } from '../../../src/cli/doctor.ts'
import { createEmbedCommand } from '../../../src/cli/embed.ts'
import { EVALUATE } from '../../../src/cli/evaluate.ts'
import { createExportCommand } from '../../../src/cli/export.ts'
import { createImportCommand } from '../../../src/cli/import.ts'
import { KNN } from '../../../src/cli/knn.ts'
import { createTrainCommand } from '../../../src/cli/train.ts'
import { describeInit } from '../../../src/model/init-source.ts'
import type { TrainerWork } from '../../../src/protocol/trainer-child.ts'

const begun = (): never => assert.fail('the work was begun')
const work: TrainerWork = { train: begun, export: begun, import: begun }

const ON_CPU = { precision: 'float32', plugin: null, memoryFraction: null, programsFolder: '/nowhere' } as const

export const COMMANDS: Record<string, Command> = {
  train: createTrainCommand(work, async () => 'cpu', describeInit),
  export: createExportCommand(work),
  import: createImportCommand(work),
  embed: createEmbedCommand(() => ({ ...ON_CPU, name: 'onnx' })),
  knn: KNN,
  evaluate: EVALUATE,
  doctor: createDoctorCommand(() => ({ plugin: null, precision: 'auto', memoryFraction: null }))
}

let root: string
export const at = (name: string) => join(root, name)
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'kappa-refusals-'))
  await mkdir(at('empty'))
  await mkdir(at('nested/empty'), { recursive: true })
  await mkdir(at('full'))
  await mkdir(at('model'))
  await mkdir(at('packed'))
  await writeFile(at('packed/manifest.json'), '{}')
  await writeFile(at('model/config.json'), '{}')
  await writeFile(at('full/a.txt'), 'no image')
  await writeFile(at('file.txt'), 'text')
  await writeFile(at('broken.json'), '{')
  await symlink('nothing', at('broken-link'))
  await symlink('circle', at('circle'))
})
after(() => rm(root, { recursive: true }))

/** Of a call that would work as far as words go. */
export const GOOD: Record<string, () => Record<string, string>> = {
  train: () => ({ images: at('full'), out: at('out') }),
  export: () => ({ run: at('full'), out: at('out') }),
  import: () => ({ '': at('file.txt'), out: at('out') }),
  embed: () => ({ model: at('model'), images: at('full'), out: at('out.npy') }),
  knn: () => ({ model: at('model'), bank: at('full'), queries: at('full') }),
  evaluate: () => ({ model: at('model'), bank: at('full') }),
  doctor: () => ({})
}

export const wordsOf = (values: Record<string, string>) =>
  Object.entries(values).flatMap(([name, value]) => (name === '' ? [value] : [`--${name}`, value]))

export async function call(command: string, args: readonly string[]) {
  const said = { stdout: '', stderr: '' }
  const stream = (name: keyof typeof said) => ({
    write(text: string) {
      said[name] += text
    }
  })
  const streams = { stdout: stream('stdout'), stderr: stream('stderr') }
  const code = await runCommand(command, async () => COMMANDS[command]!, { args, streams })
  return { code, ...said }
}

/** For people and for scripts: the same sentence, and the exit code of a refusal. */
export async function isRefused(command: string, args: readonly string[], reason: RegExp): Promise<void> {
  const what = `kappa ${command} ${args.join(' ')}`
  const people = await call(command, args)
  assert.deepEqual([people.code, people.stdout], [EXIT.refused, ''], what)
  const [sentence = '', ...rest] = people.stderr.trimEnd().split('\n')
  assert.match(people.stderr, reason, what)
  assert.ok(
    rest.every((line) => /^ {2}\/|--help shows the options\.$/.test(line)),
    people.stderr
  )
  assert.match(sentence, /\.$/, what)
  const scripts = await call(command, [...args, '--json'])
  assert.deepEqual([scripts.code, scripts.stderr], [EXIT.refused, ''], what)
  const event = JSON.parse(scripts.stdout)
  assert.deepEqual([event.type, event.message], ['failed', sentence], what)
  assert.ok(!(await readdir(root)).some((name) => name.startsWith('out')), `${what} left something`)
}
