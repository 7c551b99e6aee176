/** Dates as RFC 3339 writes them: strictly, and only instants that a Date and Postgres both have. */
import { Format } from 'typebox/format'

const SHAPE = /^(\d{4})-(\d\d)-(\d\d)t(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:z|([+-])(\d\d):(\d\d))$/i
const MINUTE_MS = 60_000
/** In UTC, or a zone could carry the first and last days to years that are written otherwise. */
const EARLIEST = Date.parse('0001-01-01T00:00:00Z')
const LATEST = Date.parse('9999-12-31T23:59:59.999Z')

/** What a request is told whose text is none. */
export const TIMESTAMP_RULE =
  'must be a date and time as RFC 3339 has them, such as 2026-01-31T12:00:00Z, of the years 1 to 9999 and without a leap second'

/** Null when the text is no date-time, names a day or time that does not exist, or a leap second, which a Date cannot hold. */
export function parseTimestamp(text: string): Date | null {
  const match = SHAPE.exec(text)
  if (match === null) return null
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number)
  const [fraction = '', sign, zoneHours = 0, zoneMinutes = 0] = [
    match[7],
    match[8],
    Number(match[9] ?? 0),
    Number(match[10] ?? 0)
  ]
  if (hour > 23 || minute > 59 || second > 59 || zoneHours > 23 || zoneMinutes > 59) return null
  const local = new Date(0)
  local.setUTCFullYear(year, month - 1, day)
  if (local.getUTCMonth() !== month - 1 || local.getUTCDate() !== day) return null
  local.setUTCHours(hour, minute, second, Number(fraction.padEnd(3, '0').slice(0, 3)))
  const offset = (zoneHours * 60 + zoneMinutes) * MINUTE_MS
  const at = local.getTime() - (sign === '-' ? -offset : offset)
  return at >= EARLIEST && at <= LATEST ? new Date(at) : null
}

/** Schemas say `format: date-time`; TypeBox's own reading of it takes leap seconds, other years and zones in brackets. */
export const registerTimestampFormat = (): void => {
  Format.Set('date-time', (text) => parseTimestamp(text) !== null)
}
