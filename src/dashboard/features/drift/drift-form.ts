/** When a window ends and when it is over, as it is typed and as the API takes it. */
import type { Drift, UpdateDrift } from '../../../client/resources.ts'
import type { JsonObject } from '../../json.ts'
import { parseNumber } from '../../typed-values.ts'

export type Limit = Exclude<keyof UpdateDrift, 'enabled'>

interface LimitField {
  readonly name: Limit
  readonly label: string
  readonly hint: string
  readonly isWhole: boolean
}

/** In the order of the form; a test holds the list against the API's. */
export const LIMIT_FIELDS: readonly LimitField[] = [
  {
    name: 'window_images',
    label: 'Images of a window',
    hint: 'so many are judged together; 500 at the least',
    isWhole: true
  },
  {
    name: 'psi_over',
    label: 'PSI is over beyond',
    hint: 'users of the index say 0.25 for another population',
    isWhole: false
  },
  {
    name: 'low_density_over',
    label: 'Low density is over beyond',
    hint: 'share of images below the 5th percentile of training; 0.05 are expected',
    isWhole: false
  }
]

export type DriftForm = Readonly<Record<Limit, string>>

export const driftFormOf = (drift: Pick<Drift, Limit>): DriftForm => ({
  window_images: String(drift.window_images),
  psi_over: String(drift.psi_over),
  low_density_over: String(drift.low_density_over)
})

/** What differs from before, so that what somebody else changed meanwhile stays; empty for nothing. */
export function driftPatch(before: DriftForm, form: DriftForm): JsonObject {
  const changed = LIMIT_FIELDS.filter(({ name }) => form[name].trim() !== before[name])
  return Object.fromEntries(changed.map(({ name }) => [name, parseNumber(form[name])]))
}
