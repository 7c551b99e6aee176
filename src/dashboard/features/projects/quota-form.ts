/** Quotas in the units that people think in, and as the API takes them. */
import type { Project } from '../../../client/resources.ts'
import { formatBytes, formatCount } from '../../format.ts'
import type { Json, JsonObject } from '../../json.ts'
import { parseNumber } from '../../typed-values.ts'

export type Quota = keyof Project['quotas']

export interface QuotaField {
  readonly name: Quota
  readonly label: string
  readonly hint: string
  /** So many of the API's are one as typed. */
  readonly unit: number
  readonly format: (value: number) => string
}

const formatMegapixels = (pixels: number): string => `${formatCount(pixels / 1e6)} MP`

/** In the order of the page; a test holds the list against the API's. */
export const QUOTA_FIELDS: readonly QuotaField[] = [
  { name: 'queued_runs', label: 'Queued runs', hint: 'runs that wait', unit: 1, format: formatCount },
  {
    name: 'devices_at_once',
    label: 'Devices at once',
    hint: 'that its runs train on; others wait',
    unit: 1,
    format: formatCount
  },
  { name: 'storage_bytes', label: 'Storage', hint: 'GB', unit: 1e9, format: formatBytes },
  {
    name: 'requests_per_minute',
    label: 'Requests a minute',
    hint: 'of all its keys together',
    unit: 1,
    format: formatCount
  },
  {
    name: 'pixels_per_minute',
    label: 'Pixels a minute',
    hint: 'megapixels embedded or assigned',
    unit: 1e6,
    format: formatMegapixels
  }
]

/** As typed, empty for any number. */
export type QuotaForm = Readonly<Record<Quota, string>>

const typedOf = (value: number | null, unit: number): string => (value === null ? '' : String(value / unit))

export const quotaFormOf = (quotas: Project['quotas']): QuotaForm =>
  Object.fromEntries(QUOTA_FIELDS.map(({ name, unit }) => [name, typedOf(quotas[name], unit)])) as QuotaForm // of every field

export const NO_QUOTAS: QuotaForm = quotaFormOf({
  queued_runs: null,
  devices_at_once: null,
  storage_bytes: null,
  requests_per_minute: null,
  pixels_per_minute: null
})

/** 0.1 GB are 100,000,000 bytes, not a fraction more. */
function wireOf(text: string, unit: number): Json {
  if (text.trim() === '') return null
  const value = parseNumber(text)
  return typeof value === 'number' && unit > 1 ? Math.round(value * unit) : value
}

/** What differs from before, so that what somebody else changed meanwhile stays; null for nothing. */
export function quotaPatch(before: QuotaForm, form: QuotaForm): JsonObject | null {
  const changed = QUOTA_FIELDS.filter(({ name }) => form[name].trim() !== before[name])
  if (changed.length === 0) return null
  return Object.fromEntries(changed.map(({ name, unit }) => [name, wireOf(form[name], unit)]))
}
