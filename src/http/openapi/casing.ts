/** The wire's schemas from those of the code: snake_case for camelCase. */
import { snakeKey } from '../../base/casing.ts'

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
