/** What was typed into a field, as the API takes it, and back. */
import type { Json, JsonObject } from './json.ts'

/** What is no number goes to the API as it was typed: its answer names the field better than a guess here would. */
export function parseNumber(text: string): Json {
  const value = Number(text)
  return text.trim() !== '' && Number.isFinite(value) ? value : text.trim()
}

/** Numbers with commas or spaces between them. */
export const parseNumbers = (text: string): Json[] =>
  text
    .split(/[\s,]+/)
    .filter(Boolean)
    .map(parseNumber)

/** @throws SyntaxError where it is no JSON object */
export function parseObject(text: string): JsonObject {
  if (text.trim() === '') return {}
  const value: Json = JSON.parse(text)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject // just checked
  throw new SyntaxError('must be a JSON object, such as {"drop_path": 0.1}')
}

/** As it would be typed; nothing for what is not said. */
export const showValue = (value: Json | undefined): string =>
  value === undefined || value === null ? '' : Array.isArray(value) ? value.join(', ') : String(value)

/** Without what was left empty. */
export const withoutEmpty = (fields: Readonly<Record<string, Json | undefined>>): JsonObject =>
  Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, Json] => entry[1] !== undefined && entry[1] !== '')
  )

/** Typed text as a number, nothing for nothing. */
export const numberOrNothing = (text: string): Json | undefined => (text.trim() === '' ? undefined : parseNumber(text))
