/** `kappa select`: a version of a dataset made of images of another, chosen by a vector set or named. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Selection } from '../../sdk/versions.ts'
import { type Command, needed, refusal, wholeNumber } from '../command.ts'
import { readWords } from '../options.ts'
import { found } from '../sources.ts'
import { datasetIdOf, vectorSetIdOf } from './by-name.ts'
import { type Connection, connect } from './connection.ts'
import { noMoreThan, numberWithin, oneOf, wordAt } from './option-values.ts'
import { REMOTE_EXIT_CODES, remoteCommand, SERVER_TEXT } from './remote-command.ts'
import { untilStopped } from './stopping.ts'
import { ingested, tellVersion } from './version-words.ts'

const STRATEGIES = ['balanced', 'diverse', 'hard', 'typical', 'deduplicated', 'all', 'indices'] as const

const USAGE = `Makes a version of a dataset of chosen images of another version, and waits until it is ready.

  kappa select DATASET --strategy STRATEGY --vector-set VECTOR_SET [options]
  kappa select DATASET --strategy indices --version N --indices FILE

  DATASET                   ds_…, or its name
  --strategy STRATEGY       ${STRATEGIES.join(', ')} (docs/curation.md)
  --vector-set VECTOR_SET   vec_… or its name, of the version that is chosen from
  --count N                 images: of balanced, diverse, hard and typical
  --seed N                  of balanced and diverse (0)
  --max-similarity S        of deduplicated (0.95)
  --min-confidence C        gives images without a label that of their neighbours, where the vote is as sure; needed for all
  --neighbors N             that vote (20)
  --labels-from VECTOR_SET  another set of the same model, whose labels are asked
  --version N               of indices: the version that they count in
  --indices FILE            of indices: places of images, a number a line
  --json                    one JSON object a line on stdout; docs/remote.md has their fields

Ctrl-C leaves the version being made.
${SERVER_TEXT}
${REMOTE_EXIT_CODES}
`

const text = { type: 'string' } as const
const OPTIONS = {
  ...{ strategy: text, 'vector-set': text, count: text, seed: text, 'max-similarity': text, version: text },
  ...{ 'min-confidence': text, neighbors: text, 'labels-from': text, indices: text },
  json: { type: 'boolean' }
} as const

type Values = Readonly<Partial<Record<Exclude<keyof typeof OPTIONS, 'json'>, string | undefined>>>
type Strategy = (typeof STRATEGIES)[number]

const LABELS = ['min-confidence', 'neighbors', 'labels-from'] as const
/** What each takes. */
const TAKES: Readonly<Record<Strategy, readonly (keyof Values)[]>> = {
  balanced: ['vector-set', 'count', 'seed', ...LABELS],
  diverse: ['vector-set', 'count', 'seed', ...LABELS],
  hard: ['vector-set', 'count', ...LABELS],
  typical: ['vector-set', 'count', ...LABELS],
  deduplicated: ['vector-set', 'max-similarity', ...LABELS],
  all: ['vector-set', ...LABELS],
  indices: ['version', 'indices']
}

function labelsOf(values: Values) {
  const least = numberWithin('min-confidence', values['min-confidence'], { least: 0, most: 1 })
  const { neighbors, 'labels-from': from } = values
  if (least === undefined) {
    if (neighbors !== undefined || from !== undefined)
      throw refusal(`--${neighbors === undefined ? 'labels-from' : 'neighbors'} needs --min-confidence.`)
    return undefined
  }
  return {
    min_confidence: least,
    ...(neighbors !== undefined && { neighbors: wholeNumber('neighbors', neighbors, { least: 1 }) }),
    ...(from !== undefined && { from })
  }
}

/** @throws AppError invalid_request */
async function indicesAt(path: string): Promise<number[]> {
  if (!(await found('indices', path)).isFile()) throw refusal(`--indices ${resolve(path)} is no file.`)
  const lines = (await readFile(path, 'utf8')).split(/\s+/).filter((one) => one !== '')
  if (lines.length === 0) throw refusal(`--indices ${resolve(path)} has no number.`)
  const wrong = lines.find((one) => !/^\d{1,15}$/.test(one))
  if (wrong !== undefined) throw refusal(`--indices ${resolve(path)} must have whole numbers, and has ${wrong}.`)
  return lines.map(Number)
}

/** @throws AppError invalid_request */
export async function selectionOf(values: Values): Promise<Selection> {
  const strategy = oneOf('strategy', needed('strategy', values.strategy), STRATEGIES)!
  const stray = (Object.keys(values) as (keyof Values)[]).find(
    (name) => name !== 'strategy' && values[name] !== undefined && !TAKES[strategy].includes(name)
  )
  if (stray !== undefined) throw refusal(`--${stray} is not for --strategy ${strategy}.`)
  if (strategy === 'indices') {
    const version = wholeNumber('version', needed('version', values.version), { least: 1 })
    return { strategy, version, indices: await indicesAt(needed('indices', values.indices)) }
  }
  const vectorSet = { vector_set: needed('vector-set', values['vector-set']) }
  const labels = labelsOf(values)
  const common = { ...vectorSet, ...(labels && { labels }) }
  if (strategy === 'all') {
    if (labels === undefined) throw refusal('--min-confidence is needed.')
    return { strategy, ...vectorSet, labels }
  }
  if (strategy === 'deduplicated') {
    const most = numberWithin('max-similarity', values['max-similarity'], { least: 0, most: 1 })
    return { strategy, ...common, ...(most !== undefined && { max_similarity: most }) }
  }
  const count = wholeNumber('count', needed('count', values.count), { least: 1 })
  if (strategy === 'hard' || strategy === 'typical') return { strategy, ...common, count }
  return { strategy, ...common, count, ...(values.seed !== undefined && { seed: wholeNumber('seed', values.seed) }) }
}

/** Names of vector sets as the API takes them. */
async function withIds(kappa: Connection, selection: Selection, signal: AbortSignal): Promise<Selection> {
  if (selection.strategy === 'indices') return selection
  const vectorSet = { vector_set: await vectorSetIdOf(kappa, selection.vector_set, signal) }
  const { labels } = selection
  if (labels?.from === undefined) return { ...selection, ...vectorSet }
  return { ...selection, ...vectorSet, labels: { ...labels, from: await vectorSetIdOf(kappa, labels.from, signal) } }
}

export const SELECT: Command = remoteCommand({
  usage: USAGE,
  async run(args, output) {
    const { values, words } = readWords(args, OPTIONS)
    const word = wordAt(words, 0, 'DATASET (ds_…, or its name)')
    noMoreThan(words, 1)
    const { json: _, ...said } = values
    const selection = await selectionOf(said)
    const kappa = await connect()
    let id: string | null = null
    const howOn = () => (id === null ? 'Stopped.' : `${id} is made all the same: the server goes on.`)
    return untilStopped(output, howOn, async (signal) => {
      const dataset = await datasetIdOf(kappa, word, signal)
      const made = await kappa.versions.select(dataset, await withIds(kappa, selection, signal), signal)
      id = made.id
      output.show({ type: 'selecting', id, dataset, strategy: selection.strategy }, `${id} is being made.`)
      return tellVersion(await ingested(kappa, dataset, made.version, { output, signal }), output)
    })
  }
})
