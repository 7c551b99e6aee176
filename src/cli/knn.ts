/** `kappa knn`: how well a model's nearest neighbours agree about labels that it never saw. */

import type { LabelledSets } from '../evaluation/evaluation.ts'
import { evaluateKnn, KNN_SETTINGS } from '../evaluation/knn.ts'
import { whyNoMatch } from '../evaluation/protocols.ts'
import type { ImageOrigin } from '../serving/embed-images.ts'
import { labelledSets, readImages } from '../serving/labelled-images.ts'
import { type Command, EXIT, EXIT_CODES, refusal, threadsOf, wholeNumber } from './command.ts'
import { counted } from './counted.ts'
import { isSamePlace, modelFolderOf, openModel, originOf, readWithProgress } from './images.ts'
import { untilInterrupted } from './interrupt.ts'
import { readOptions } from './options.ts'
import type { Output } from './output.ts'

/** DINO's evaluation. */
const { temperature: TEMPERATURE } = KNN_SETTINGS
const NEIGHBORS = '20'

const USAGE = `Top-1 of the weighted k-nearest neighbours, as DINO evaluates: cosine similarity, votes exp(similarity / ${TEMPERATURE}).

  kappa knn --model FOLDER --bank SOURCE --queries SOURCE [options]

  --model FOLDER            as kappa train writes it (OUT/model) or kappa export
  --bank SOURCE             labelled images that vote: class folders, an archive of them, or a packed dataset
  --queries SOURCE          labelled images that are judged; OUT/held-out of kappa train --hold-out N, for instance; where
                            they are the bank's, each image is judged without itself
  --k N                     neighbours that vote (${NEIGHBORS})
  --threads N               of the engine, all cores by default
  --json                    one JSON object a line on stdout; docs/cli.md has their fields

${EXIT_CODES}
`

const text = { type: 'string' } as const
const OPTIONS = {
  model: text,
  bank: text,
  queries: text,
  k: { ...text, default: NEIGHBORS },
  threads: text,
  json: { type: 'boolean' }
} as const

export const KNN: Command = {
  usage: USAGE,
  async run(args, output) {
    const values = readOptions(args, OPTIONS)
    const k = wholeNumber('k', values.k, { least: 1 })
    const threads = threadsOf(values.threads)
    const folder = await modelFolderOf(values.model)
    const origins = [await originOf('bank', values.bank), await originOf('queries', values.queries)] as const
    const isOne = await isSamePlace(...origins)
    return untilInterrupted(
      () => output.show({ type: 'stopping' }, '\nstopping after this batch'),
      async (signal) => {
        const model = await openModel(folder, threads)
        try {
          const { config: target } = model
          const dim = target.embeddingDim
          const program = await model.open('embed')
          const read = (origin: ImageOrigin) =>
            readWithProgress(readImages({ origin, target, program, dim, onUnlabelled }), { output, signal })
          const bank = await read(origins[0])
          const sets = labelledSets(dim, bank, isOne ? null : await read(origins[1]))
          if (sets.queries === null && sets.bank.labels.length < 2)
            throw refusal(`--bank ${origins[0].path} has one image, which finds no other.`)
          const unmatched = whyNoMatch(sets)
          if (unmatched !== null) throw refusal(`kappa knn ${unmatched}: no image could be told right.`)
          showResult(output, k, sets)
          return EXIT.done
        } finally {
          await model.dispose()
        }
      }
    )
  }
}

function onUnlabelled(image: string, { path }: ImageOrigin): never {
  throw refusal(`Nearest neighbours vote with labels, and ${path}: ${image} has none: class folders give them.`)
}

function showResult(output: Output, wanted: number, sets: LabelledSets): void {
  const evaluation = evaluateKnn(sets, { ...KNN_SETTINGS, k: [wanted], temperature: TEMPERATURE })
  const { settings, bank, queries, classes, metrics } = evaluation
  const { leaveOneOut } = settings
  // Cut to the bank's size.
  const [k] = settings['k'] as readonly number[]
  const { value: top1, low, high } = metrics[`top1_k${k}`]!
  const percent = (share: number) => (100 * share).toFixed(1)
  const compared = leaveOneOut
    ? `${counted(queries, 'image')}, each against all others`
    : `${counted(queries, 'query', 'queries')}, bank of ${bank}`
  output.result(
    { type: 'result', top1, low, high, k, temperature: TEMPERATURE, classes, bank, queries, leaveOneOut },
    `k-NN top-1: ${percent(top1)} %, ${percent(low)} to ${percent(high)} with 95 %  (k = ${k}, ${compared})`
  )
}
