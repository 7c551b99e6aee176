/** What each run of the study gave: one JSON line a run, in a file for each set of images, appended when the run is over. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SetName } from './plan.ts'

const FILES: Readonly<Record<SetName, string>> = { 'fashion-mnist': 'results.jsonl', cifar10: 'results-cifar10.jsonl' }

const pathOf = (set: SetName): string => join(import.meta.dirname, FILES[set])

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

export function readResults(set: SetName): StudyResult[] {
  const path = pathOf(set)
  if (!existsSync(path)) return []
  const lines = readFileSync(path, 'utf8').trim().split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as StudyResult)
}

export const keepResult = (set: SetName, result: StudyResult): void =>
  appendFileSync(pathOf(set), `${JSON.stringify(result)}\n`)

/** Of the runs of a condition that have the value. */
export function valuesBySeed(results: readonly StudyResult[], condition: string, value: string): Map<number, number> {
  const found = results.filter((one) => one.condition === condition && one.values[value] !== undefined)
  return new Map(found.map(({ seed, values }) => [seed, values[value]!]))
}
