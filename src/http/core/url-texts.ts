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

interface ParameterSchema {
  readonly type?: string
  readonly default?: unknown
}

/** @returns a copy of the parameters as they came, with the defaults of those that did not */
export function readTexts(schema: TSchema, given: unknown): Record<string, unknown> {
  const { properties = {} } = schema as { readonly properties?: Readonly<Record<string, ParameterSchema>> } // parameters are objects
  const parameters = new Map(Object.entries(properties))
  const defaults = [...parameters].flatMap(([name, one]) => (one.default === undefined ? [] : [[name, one.default]]))
  const values = Object.entries(given ?? {}).map(([name, value]) => [
    name,
    typeof value === 'string' ? readText(parameters.get(name)?.type, value) : value
  ])
  return Object.fromEntries([...defaults, ...values])
}
