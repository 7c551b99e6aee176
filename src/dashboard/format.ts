/** Numbers, times and sizes as people read them. Locale-free, so that a screenshot means the same everywhere. */
const DASH = '–'
const missing = (value: number | null | undefined): value is null | undefined =>
  value === null || value === undefined || !Number.isFinite(value)

const grouped = (digits: string): string => digits.replace(/\B(?=(\d{3})+(?!\d))/g, ',')

export const formatCount = (value: number | null | undefined): string =>
  missing(value) ? DASH : grouped(Math.round(value).toString())

/** 1 image, 2 images; of words that do not end so in the plural, both. */
export const formatMany = (count: number | null | undefined, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`

/** Four significant digits; very large and very small ones in powers of ten. */
export function formatNumber(value: number | null | undefined, digits = 4): string {
  if (missing(value)) return DASH
  if (value === 0) return '0'
  const size = Math.abs(value)
  if (size >= 1e7 || size < 1e-4)
    return value.toExponential(digits > 4 ? digits - 1 : Math.min(2, digits - 1)).replace('e+', 'e')
  if (Number.isInteger(value)) return grouped(value.toString())
  const whole = Math.floor(Math.log10(size)) + 1
  const text = value.toFixed(Math.min(10, Math.max(0, digits - whole)))
  const [integer = '', fraction] = text.includes('.') ? text.replace(/\.?0+$/, '').split('.') : [text]
  return fraction === undefined ? grouped(integer) : `${grouped(integer)}.${fraction}`
}

/** What is not zero is not shown as zero. */
export function formatPercent(share: number | null | undefined, decimals = 0): string {
  if (missing(share)) return DASH
  const least = 10 ** -decimals
  const percent = share * 100
  return percent > 0 && percent < least / 2 ? `< ${least} %` : `${percent.toFixed(decimals)} %`
}

export function formatBytes(bytes: number | null | undefined): string {
  if (missing(bytes)) return DASH
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3))
  const value = bytes / 1000 ** power
  return `${power === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${units[power]}`
}

/** The two largest units: 2 d 3 h, 4 min 10 s, 0.8 s. */
export function formatDuration(seconds: number | null | undefined): string {
  if (missing(seconds)) return DASH
  const s = Math.max(0, seconds)
  if (s < 1) return `${s.toFixed(1)} s`
  const whole = Math.round(s)
  const units = [
    ['d', Math.floor(whole / 86_400)],
    ['h', Math.floor(whole / 3600) % 24],
    ['min', Math.floor(whole / 60) % 60],
    ['s', whole % 60]
  ] as const
  const first = units.findIndex(([, amount]) => amount > 0)
  const shown = units.slice(first, first + 2).filter(([, amount]) => amount > 0)
  return shown.map(([unit, amount]) => `${amount} ${unit}`).join(' ')
}

/** How long ago, in one unit. */
export function formatAge(seconds: number): string {
  if (seconds < 2) return 'just now'
  if (seconds < 90) return `${Math.round(seconds)} s ago`
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`
  if (seconds < 129_600) return `${Math.round(seconds / 3600)} h ago`
  return `${Math.round(seconds / 86_400)} d ago`
}

export const formatDegrees = (cosine: number): string =>
  `${((Math.acos(Math.min(1, Math.max(-1, cosine))) * 180) / Math.PI).toFixed(1)}°`

/** `waiting_for_worker` → `waiting for worker`. */
export const formatWords = (code: string): string => code.replaceAll('_', ' ')

/** A value by what its field's name says: bytes, seconds, shares, counts, else as it is. */
export function formatField(name: string, value: unknown): string {
  if (value === null || value === undefined) return DASH
  if (Array.isArray(value)) return value.map((one) => formatField(name, one)).join(', ')
  if (typeof value === 'object') return JSON.stringify(value)
  if (typeof value !== 'number') return String(value)
  if (/(^|_)bytes$/.test(name)) return formatBytes(value)
  if (/(_s|_seconds|_duration)$/.test(name)) return formatDuration(value)
  if (/_ms$/.test(name)) return `${formatNumber(value)} ms`
  if (name === 'percent') return `${formatNumber(value, 3)} %`
  return formatNumber(value)
}

/** The unit of a name is said by its value: `max_runtime_s` → `max runtime`. */
export const fieldLabel = (name: string): string => formatWords(name.replace(/_(s|ms|bytes)$/, ''))
