/** Numbers of several runs' models, side by side where they may be compared. */
import type { Evaluation } from '../../../client/resources.ts'

type Result = Evaluation['results'][number]
export type Measured = Result['metrics'][string]

export interface EvaluationRow {
  readonly key: string
  readonly protocol: string
  readonly metric: string
  readonly dataset: string
  readonly queries: string | null
  /** All that decide the number, in words. */
  readonly settings: string
  /** One a run, in their order. */
  readonly values: readonly (Measured | undefined)[]
}

const settingsOf = (settings: Result['settings']): string =>
  Object.entries(settings)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ')

type Of = Pick<Evaluation, 'dataset' | 'queries' | 'results'>

/**
 * Numbers share a row where protocol, images and settings are the same: others say nothing about each other.
 *
 * @param evaluations of each run, newest first; of two with the same settings the newest counts
 */
export function evaluationRows(evaluations: readonly (readonly Of[])[]): readonly EvaluationRow[] {
  const rows = new Map<string, Omit<EvaluationRow, 'values'>>()
  const values = evaluations.map((ofRun) => {
    const own = new Map<string, Measured>()
    for (const { dataset, queries, results } of ofRun) {
      for (const { protocol, settings: asked, metrics } of results) {
        const settings = settingsOf(asked)
        for (const [metric, value] of Object.entries(metrics)) {
          const key = JSON.stringify([protocol, metric, dataset, queries, settings])
          if (!rows.has(key)) rows.set(key, { key, protocol, metric, dataset, queries, settings })
          if (!own.has(key)) own.set(key, value)
        }
      }
    }
    return own
  })
  return [...rows.values()].map((row) => ({ ...row, values: values.map((own) => own.get(row.key)) }))
}
