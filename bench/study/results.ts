/** What each run of the study gave: one JSON line a run in bench/study/results.jsonl, appended when the run is over. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const RESULTS = join(import.meta.dirname, 'results.jsonl')

export interface StudyResult {
  readonly condition: string
  readonly seed: number
  readonly epochs: number
  /** Of the machine: the same seed gives the same numbers on the same kind. */
  readonly processor: string
  /** `failed` says why there is nothing else. */
  readonly failed?: string
  /** By protocol and name: `knn.top1_k20`; and of the model: `used_share`, `held_out_nats`. */
  readonly values: Readonly<Record<string, number>>
  /** Accuracy of images by the kappa of their prototype, five buckets of about as many, from low to high. */
  readonly kappaBuckets?: readonly { readonly kappa: number; readonly accuracy: number }[]
}

export function readResults(path: string = RESULTS): StudyResult[] {
  if (!existsSync(path)) return []
  const lines = readFileSync(path, 'utf8').trim().split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as StudyResult)
}

export const keepResult = (result: StudyResult): void => appendFileSync(RESULTS, `${JSON.stringify(result)}\n`)

/** Of the runs of a condition that have the value. */
export function valuesBySeed(results: readonly StudyResult[], condition: string, value: string): Map<number, number> {
  const found = results.filter((one) => one.condition === condition && one.values[value] !== undefined)
  return new Map(found.map(({ seed, values }) => [seed, values[value]!]))
}
