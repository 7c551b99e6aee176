/** snake_case on the wire, camelCase in code. The only place that knows. */

const snakeKey = (key: string): string => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
const camelKey = (key: string): string => key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

function mapKeys(value: unknown, rename: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => mapKeys(item, rename))
  if (value === null || typeof value !== 'object' || value instanceof Date) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [rename(key), mapKeys(item, rename)]))
}

/** At every depth. */
export const keysToSnake = (value: unknown): unknown => mapKeys(value, snakeKey)

/** At every depth. */
export const keysToCamel = (value: unknown): unknown => mapKeys(value, camelKey)

/** `/hyperparameters/batchSize` → `/hyperparameters/batch_size` */
export const pointerToSnake = (pointer: string): string => snakeKey(pointer)

interface JsonSchema {
  readonly [keyword: string]: unknown
}

const isSchema = (value: unknown): value is JsonSchema => typeof value === 'object' && value !== null

/**
 * A schema of camelCase objects as the wire has it.
 *
 * @param isPartial every field is optional, at every depth: what a request may leave to a preset
 */
export function toWireSchema(schema: object, { isPartial }: { readonly isPartial: boolean }): JsonSchema {
  const convert = (part: unknown): unknown => (isSchema(part) ? toWireSchema(part, { isPartial }) : part)
  const { required, properties, items, anyOf, ...rest } = schema as JsonSchema
  const wire: Record<string, unknown> = { ...rest }
  if (Array.isArray(required) && !isPartial) wire['required'] = required.map(snakeKey)
  if (isSchema(properties)) {
    wire['properties'] = Object.fromEntries(
      Object.entries(properties).map(([key, part]) => [snakeKey(key), convert(part)])
    )
  }
  if (items !== undefined) wire['items'] = Array.isArray(items) ? items.map(convert) : convert(items)
  if (Array.isArray(anyOf)) wire['anyOf'] = anyOf.map(convert)
  return wire
}
