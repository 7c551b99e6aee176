/** A folder of PNG files, a run on them, and the commands as a new user tries them there. */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before } from 'node:test'
import sharp from 'sharp'
import { METRIC_NAMES } from '../../../src/protocol/metrics.ts'
import { muRecipe } from '../../helpers/mu-recipe.ts'
import { barImage } from '../../helpers/tiny-dataset.ts'
import { type Answer, createCaller } from './kappa-calls.ts'

const DOCUMENT = resolve(import.meta.dirname, '../../../docs/cli.md')

/** Exit code and what was printed, whatever it is. */
export const failing = createCaller()

export async function kappa(...args: string[]): Promise<Answer> {
  const answer = await failing(...args)
  assert.equal(answer.code, 0, `kappa ${args.join(' ')}: ${answer.stderr}`)
  return answer
}

export let root: string
export const at = (name: string) => join(root, name)
/** Lines that the commands printed with --json. */
export const events: Record<string, unknown>[] = []

export async function json(...args: string[]): Promise<Record<string, unknown>[]> {
  const { stdout, stderr } = await kappa(...args, '--json')
  assert.equal(stderr, '')
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  events.push(...lines)
  return lines
}

/** 48 PNG files in class folders, a file that is no image, and a run of 5 steps with its model. */
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'kappa-cli-'))
  for (let index = 0; index < 48; index++) {
    const folder = at(`images/class-${index % 4}`)
    await mkdir(folder, { recursive: true })
    const raw = { width: 12, height: 12, channels: 1 } as const
    await sharp(barImage(index, index % 4), { raw })
      .png()
      .toFile(join(folder, `${index}.png`))
  }
  await writeFile(at('images/notes.txt'), 'no image')
  await writeFile(at('recipe.json'), JSON.stringify(muRecipe({ epochs: 1, freezeLastLayerEpochs: 0 })))
  const places = ['--images', at('images'), '--out', at('out'), '--recipe', at('recipe.json')]
  await json('train', ...places, '--hold-out', '6', '--threads', '1', '--loaders', '0')
})
after(() => rm(root, { recursive: true }))

export const only = (type: string) => events.filter((event) => event['type'] === type)

/** What docs/cli.md leaves out of the lines that --json printed until now. */
export async function undocumentedFields(): Promise<string[]> {
  const text = await readFile(DOCUMENT, 'utf8')
  const table = new Map([...text.matchAll(/^\| `(\w+)` +\|(.*)\|(.*)\|$/gm)].map(([, type, fields]) => [type, fields!]))
  const missing = new Set<string>()
  for (const { type, ...fields } of events) {
    const documented = table.get(String(type))
    for (const field of Object.keys(fields)) if (!documented?.includes(`\`${field}\``)) missing.add(`${type}.${field}`)
  }
  for (const { metrics } of only('step')) {
    // docs/metrics.md is held to the registry by a test of its own.
    for (const key of Object.keys(metrics as object)) if (!METRIC_NAMES.has(key)) missing.add(`metrics.${key}`)
  }
  return [...missing]
}
