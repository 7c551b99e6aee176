/** `kappa knn`: how well a model's nearest neighbours agree about labels that it never saw. */

import { knnAccuracy } from '../math/knn.ts'
import type { Label } from '../serving/embed-images.ts'
import { type Command, EXIT, EXIT_CODES, refusal, threadsOf, wholeNumber } from './command.ts'
import { type Embedding, embedWithProgress, modelFolderOf, openModel, originOf } from './images.ts'
import { untilInterrupted } from './interrupt.ts'
import { readOptions } from './options.ts'
import type { Output } from './output.ts'

/** DINO's evaluation. */
const TEMPERATURE = 0.07
const NEIGHBORS = '20'

const USAGE = `Top-1 of the weighted k-nearest neighbours, as DINO evaluates: cosine similarity, votes exp(similarity / ${TEMPERATURE}).

  kappa knn --model FOLDER --bank SOURCE --queries SOURCE [options]

  --model FOLDER            as kappa train writes it (OUT/model) or kappa export
  --bank SOURCE             labelled images that vote: class folders, an archive of them, or a packed dataset
  --queries SOURCE          labelled images that are judged; OUT/held-out of kappa train --hold-out N, for instance
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
    return untilInterrupted(
      () => output.show({ type: 'stopping' }, '\nstopping after this batch'),
      async (signal) => {
        const model = await openModel(folder, threads)
        try {
          const bank = await embedLabelled({ model, origin: origins[0], output, signal })
          const queries = await embedLabelled({ model, origin: origins[1], output, signal })
          showResult(output, k, { bank, queries, dim: model.config.embeddingDim })
          return EXIT.done
        } finally {
          await model.dispose()
        }
      }
    )
  }
}

interface Evaluation {
  readonly bank: Labelled
  readonly queries: Labelled
  readonly dim: number
}

function showResult(output: Output, wanted: number, { bank, queries, dim }: Evaluation): void {
  // Votes of neighbours that are not there would be ranked all the same.
  const k = Math.min(wanted, bank.labels.length)
  const { top1, classes } = judge(dim, k, { bank, queries })
  const [images, judged] = [bank.labels.length, queries.labels.length]
  const event = { type: 'result', top1, k, temperature: TEMPERATURE, classes, bank: images, queries: judged }
  output.result(event, `k-NN top-1: ${(100 * top1).toFixed(1)} %  (k = ${k}, ${judged} queries, bank of ${images})`)
}

interface Labelled {
  /** [images, dimensions] */
  readonly embeddings: Float32Array
  readonly labels: readonly (string | number)[]
}

async function embedLabelled(embedding: Embedding): Promise<Labelled> {
  const { model, origin } = embedding
  const rows: Float32Array[] = []
  const labels: (string | number)[] = []
  await embedWithProgress(embedding, ({ images }) => {
    for (const { name, label, embedding } of images) {
      labels.push(known(label, `${origin.path}: ${name}`))
      rows.push(embedding)
    }
  })
  const embeddings = new Float32Array(rows.length * model.config.embeddingDim)
  for (const [i, row] of rows.entries()) embeddings.set(row, i * row.length)
  return { embeddings, labels }
}

function known(label: Label, where: string): string | number {
  if (label === null)
    throw refusal(`Nearest neighbours vote with labels, and ${where} has none: class folders give them.`)
  return label
}

/** Labels are compared as they are, never by their place in a list: the queries may lack a class of the bank. */
function judge(dim: number, k: number, { bank, queries }: { readonly bank: Labelled; readonly queries: Labelled }) {
  const names = new Map<string | number, number>()
  for (const label of [...bank.labels, ...queries.labels]) if (!names.has(label)) names.set(label, names.size)
  const numbers = (labels: Labelled['labels']) => Int32Array.from(labels, (label) => names.get(label) ?? -1)
  const top1 = knnAccuracy({
    bank: bank.embeddings,
    queries: queries.embeddings,
    dim,
    k,
    bankLabels: numbers(bank.labels),
    queryLabels: numbers(queries.labels),
    classes: names.size,
    temperature: TEMPERATURE
  })
  return { top1, classes: names.size }
}
