/** `kappa vector-set duplicates`, `outliers`, `proposed-labels` and `label-accuracy`: what a set says of its dataset. */
import { dataOf } from '../../../client/client.ts'
import type { LabelAccuracy, NearDuplicates, Outlier, ProposedLabel } from '../../../client/resources.ts'
import { EXIT, type ExitCode, wholeNumber } from '../../command.ts'
import { counted } from '../../counted.ts'
import type { Output } from '../../output.ts'
import { vectorSetIdOf } from '../by-name.ts'
import { type Connection, connect } from '../connection.ts'
import { numberWithin } from '../option-values.ts'
import { untilStopped } from '../stopping.ts'
import { table } from '../words.ts'
import { type Action, type Asked, oneVectorSet, type VectorSetValues } from './actions.ts'

const DEFAULT_LIMIT = 20
const MOST = 1_000_000
const MOST_SAMPLE = 1000

interface Listing<T extends object> {
  /** In the plural, for the words around the rows. */
  readonly what: string
  /** Why there may be none, where that is not what the plural says: behind a colon. */
  readonly whyNone?: string
  /** Of `--json`. */
  readonly type: string
  readonly head: readonly string[]
  readonly ask: (kappa: Connection, id: string, signal: AbortSignal) => AsyncIterable<T>
  readonly rowOf: (item: T) => string[]
}

/** For scripts each line as it comes: of a large set a whole list takes minutes. */
async function show<T extends object>({ words, values, output }: Asked, listing: Listing<T>): Promise<ExitCode> {
  const word = oneVectorSet(words)
  const limit = wholeNumber('limit', values.limit ?? String(DEFAULT_LIMIT), { least: 1, most: MOST })
  const { what, whyNone, type, head, rowOf, ask } = listing
  const kappa = await connect()
  return untilStopped(
    output,
    () => 'Stopped; nothing was changed.',
    async (signal) => {
      const id = await vectorSetIdOf(kappa, word, signal)
      const rows: string[][] = []
      for await (const item of ask(kappa, id, signal)) {
        rows.push(rowOf(item))
        if (output.isJson) output.result({ ...item, type }, '')
        else output.progress({ type }, `${rows.length} found so far`)
        if (rows.length === limit) break
      }
      if (output.isJson) return EXIT.done
      if (rows.length === 0) output.line(`There are no ${what}${whyNone === undefined ? '' : `: ${whyNone}`}.`)
      else output.result({ type }, table([[...head], ...rows]))
      if (rows.length === limit) output.line(`No more than ${limit} are shown: --limit N.`)
      return EXIT.done
    }
  )
}

const labelOf = (label: string | null): string => label ?? ''
const short = (value: number | null, digits: number): string => (value === null ? '' : value.toFixed(digits))

export const DUPLICATES: Action = {
  takes: ['min-similarity', 'limit'],
  run(asked) {
    const minSimilarity = numberWithin('min-similarity', asked.values['min-similarity'], { least: 0, most: 1 })
    return show<NearDuplicates>(asked, {
      what: 'near-duplicates',
      whyNone: 'a lower --min-similarity finds more',
      type: 'near_duplicates',
      head: ['SIMILARITY', 'INDEX', 'LABEL', 'NAME', 'INDEX', 'LABEL', 'NAME'],
      ask: ({ vectorSets }, id, signal) =>
        vectorSets.duplicates(id, { signal, ...(minSimilarity !== undefined && { minSimilarity }) }),
      rowOf: ({ similarity, images }) => [
        similarity.toFixed(4),
        ...images.flatMap(({ index, label, name }) => [String(index), labelOf(label), name])
      ]
    })
  }
}

export const OUTLIERS: Action = {
  takes: ['limit'],
  run: (asked) =>
    show<Outlier>(asked, {
      what: 'outliers',
      type: 'outlier',
      head: ['LOG DENSITY', 'INDEX', 'LABEL', 'PROTOTYPE', 'NAME'],
      ask: ({ vectorSets }, id, signal) => vectorSets.outliers(id, { signal }),
      rowOf: ({ log_density: density, index, label, prototype, name }) => [
        ...[short(density, 1), String(index), labelOf(label), prototype === null ? '' : String(prototype), name]
      ]
    })
}

function neighborsOf({ neighbors }: VectorSetValues) {
  return neighbors === undefined ? {} : { neighbors: wholeNumber('neighbors', neighbors, { least: 1 }) }
}

export const PROPOSED_LABELS: Action = {
  takes: ['labels-from', 'neighbors', 'limit'],
  run(asked) {
    const vote = neighborsOf(asked.values)
    const { 'labels-from': labelsFrom } = asked.values
    return show<ProposedLabel>(asked, {
      what: 'proposed labels',
      whyNone: 'every image has a label, or none has one to propose',
      type: 'proposed_label',
      head: ['CONFIDENCE', 'LABEL', 'INDEX', 'NAME'],
      async *ask(kappa, id, signal) {
        const from = labelsFrom === undefined ? {} : { from: await vectorSetIdOf(kappa, labelsFrom, signal) }
        yield* kappa.vectorSets.proposedLabels(id, { signal, ...vote, ...from })
      },
      rowOf: ({ confidence, label, index, name }) => [confidence.toFixed(3), label, String(index), name]
    })
  }
}

function tellAccuracy(output: Output, { object: _, bins, ...measured }: LabelAccuracy): void {
  const { accuracy, sampled, labelled, vector_set: vectorSet } = measured
  if (output.isJson || accuracy === null) {
    output.result({ type: 'label_accuracy', ...measured, bins }, `No image of ${vectorSet} has a label.`)
    return
  }
  const rows = bins.map(({ from, images, accuracy: right }) => [
    ...[`${from.toFixed(1)} to ${(from + 0.1).toFixed(1)}`, String(images), `${(100 * right).toFixed(1)} %`]
  ])
  output.result({ type: 'label_accuracy' }, table([['CONFIDENCE', 'IMAGES', 'RIGHT'], ...rows]))
  const share = (100 * accuracy).toFixed(1)
  output.line(
    `Neighbours say the right label of ${share} % of ${counted(sampled, 'image')} (${labelled} have a label).`
  )
}

export const LABEL_ACCURACY: Action = {
  takes: ['labels-from', 'neighbors', 'sample'],
  async run({ words, values, output }) {
    const word = oneVectorSet(words)
    const vote = neighborsOf(values)
    const { sample, 'labels-from': labelsFrom } = values
    const drawn = sample === undefined ? {} : { sample: wholeNumber('sample', sample, { least: 1, most: MOST_SAMPLE }) }
    const kappa = await connect()
    const id = await vectorSetIdOf(kappa, word)
    const from = labelsFrom === undefined ? {} : { from: await vectorSetIdOf(kappa, labelsFrom) }
    const params = { path: { id }, query: { ...vote, ...drawn, ...from } }
    tellAccuracy(output, await dataOf(kappa.api.GET('/v1/vector-sets/{id}/label-accuracy', { params })))
    return EXIT.done
  }
}
