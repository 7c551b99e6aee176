/** What can be said of a finished run's features at its end: the spectrum, and nearest neighbours of images that were held out. */

import { join } from 'node:path'
import { PROTOCOLS } from '../base/evaluation.ts'
import type { EvaluationInput } from '../evaluation/protocols.ts'
import type { ImageOrigin } from '../serving/embed-images.ts'
import { readInput } from '../serving/evaluation-input.ts'
import { counted } from './counted.ts'
import { evaluateAll, writeLines } from './evaluate.ts'
import { openModel, readWithProgress } from './images.ts'
import type { Output } from './output.ts'

export const EVALUATION_FILE = 'evaluation.jsonl'

/** All features are in memory at once, and kappa evaluate can be had at any time. */
const MOST_IMAGES = 100_000

export interface FinishedRun {
  readonly folder: string
  readonly model: string
  readonly dataset: string
  readonly images: number
  readonly hasHeldOut: boolean
  readonly threads: number | undefined
  readonly output: Output
  readonly signal: AbortSignal
}

/** Without labels only the spectrum. */
export async function evaluateRun(run: FinishedRun): Promise<void> {
  const { folder, model, dataset, images, hasHeldOut, output } = run
  if (images > MOST_IMAGES) {
    output.line(
      `${counted(images, 'image')} are not evaluated here: kappa evaluate --model ${model} --bank ${dataset} does it.`
    )
    return
  }
  const bank = { kind: 'packed', path: dataset } as const
  const queries = hasHeldOut ? ({ kind: 'packed', path: join(folder, 'held-out') } as const) : null
  const input = await read(run, { bank, queries })
  const wanted = hasHeldOut ? ['knn', 'label_free'] : ['label_free']
  const except = PROTOCOLS.filter((name) => !wanted.includes(name)).map((protocol) => ({ protocol }))
  const from = { model, bankSource: bank.path, queriesSource: queries?.path ?? null }
  output.line('evaluation, with 95 % intervals (docs/evaluation.md):')
  const events = evaluateAll(input, { protocols: null, except, settings: { seed: 0 }, output, from })
  await writeLines(join(folder, EVALUATION_FILE), events)
}

async function read(
  { model: folder, threads, output, signal }: FinishedRun,
  origins: { readonly bank: ImageOrigin; readonly queries: ImageOrigin | null }
): Promise<EvaluationInput> {
  const model = await openModel(folder, threads)
  try {
    const nameOf = ({ path }: ImageOrigin) => path
    return await readWithProgress(readInput({ model, ...origins, protocols: null, nameOf }), { output, signal })
  } finally {
    await model.dispose()
  }
}
