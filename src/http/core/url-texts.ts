/** Parameters of a URL are texts; their schemas say which ones are numbers. Anything but a plain number stays text, and is refused. */
import type { TSchema } from 'typebox'

const INTEGER = /^-?\d{1,16}$/
const NUMBER = /^-?\d{1,30}(\.\d{1,30})?(e[+-]?\d{1,3})?$/i

/** `-0` is 0: nobody means another number by it. */
function readNumber(text: string): number | string {
  const number = Number(text)
  return Number.isFinite(number) ? number + 0 : text
}

function readText(type: unknown, text: string): unknown {
  if (type === 'integer' && INTEGER.test(text)) return readNumber(text)
  if (type === 'number' && NUMBER.test(text)) return readNumber(text)
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  return text
}

/** @param given the parameters as they came; a copy is returned */
export function readTexts(schema: TSchema, given: unknown): Record<string, unknown> {
  const { properties = {} } = schema as { readonly properties?: Readonly<Record<string, { readonly type?: unknown }>> } // parameters are objects
  const typeOf = (name: string) => (Object.hasOwn(properties, name) ? properties[name]?.type : undefined)
  return Object.fromEntries(
    Object.entries(given ?? {}).map(([name, value]) => [
      name,
      typeof value === 'string' ? readText(typeOf(name), value) : value
    ])
  )
}
