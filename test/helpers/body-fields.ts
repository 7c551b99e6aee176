/** Bodies that a schema takes, and every place in them: for tests that put something else there. */
import type { FieldSchema } from './hostile-values.ts'

export interface Schema extends FieldSchema {
  readonly $ref?: string
  readonly anyOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  /** Of a text that is not any text. */
  readonly examples?: readonly unknown[]
  readonly patternProperties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly prefixItems?: readonly Schema[]
  readonly minItems?: number
}

export type Place = readonly (string | number)[]

export interface Field {
  /** A whole body, valid but for what only the service can know. */
  readonly body: unknown
  readonly place: Place
  readonly schema: Schema
}

export type Schemas = Readonly<Record<string, Schema>>

function resolve(schema: Schema, schemas: Schemas): Schema {
  const name = schema.$ref?.split('/').at(-1)
  const found = name === undefined ? schema : schemas[name]
  if (found === undefined) throw new Error(`no schema ${name}`)
  return found
}

/** The smallest, or between the ends where these are outside. */
function numberOf({ minimum, exclusiveMinimum: low, maximum, exclusiveMaximum: high }: Schema): number {
  if (low === undefined) return minimum ?? 0
  return (low + (maximum ?? high ?? low + 2)) / 2
}

/** A name that the pattern takes. */
const nameFor = (pattern: string): string => (new RegExp(pattern).test('team') ? 'team' : 'seed')

/** Each union once with each of its branches; everything else that is in the schema. */
function samples(given: Schema, schemas: Schemas): unknown[] {
  const schema = resolve(given, schemas)
  if (schema.anyOf) return schema.anyOf.flatMap((branch) => samples(branch, schemas))
  if (schema.const !== undefined) return [schema.const]
  if (schema.enum) return [schema.enum[0]]
  if (schema.patternProperties) {
    const [[pattern, item]] = Object.entries(schema.patternProperties) as [[string, Schema]] // records have one
    return samples(item, schemas).map((one) => ({ [nameFor(pattern)]: one }))
  }
  if (schema.properties) {
    const parts = Object.entries(schema.properties).map(([name, part]) => [name, samples(part, schemas)] as const)
    const most = Math.max(1, ...parts.map(([, of]) => of.length))
    return Array.from({ length: most }, (_, i) => Object.fromEntries(parts.map(([name, of]) => [name, of[i] ?? of[0]])))
  }
  if (schema.type === 'array') {
    const places =
      schema.prefixItems ?? Array.from({ length: Math.max(1, schema.minItems ?? 1) }, () => schema.items ?? {})
    return [places.map((place) => samples(place, schemas)[0])]
  }
  if (schema.type === 'null') return [null]
  if (schema.type === 'boolean') return [true]
  if (schema.type === 'integer' || schema.type === 'number') return [numberOf(schema)]
  const text = schema.format === 'date-time' ? '2999-01-01T00:00:00Z' : 'x'.repeat(Math.max(1, schema.minLength ?? 1))
  const isAny = schema.pattern === undefined || new RegExp(schema.pattern).test(text)
  return [isAny ? text : (schema.examples?.[0] ?? text)]
}

/** Whether a sample was made of this branch. */
function isOf(value: unknown, schema: Schema): boolean {
  if (schema.type === 'null') return value === null
  if (schema.type === 'array') return Array.isArray(value)
  if (schema.properties) {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    const tag = schema.properties['type']?.const
    const own = Object.keys(schema.properties)
    return (
      isObject && (tag === undefined ? own.every((name) => name in value) : (value as { type?: unknown }).type === tag)
    )
  }
  if (schema.type === 'integer') return typeof value === 'number'
  return typeof value === schema.type || schema.const === value || (schema.enum?.includes(value) ?? false)
}

function* walk(body: unknown, place: Place, value: unknown, given: Schema, schemas: Schemas): Generator<Field> {
  const schema = resolve(given, schemas)
  if (schema.anyOf) {
    for (const branch of schema.anyOf.map((one) => resolve(one, schemas))) {
      if (isOf(value, branch)) yield* walk(body, place, value, branch, schemas)
    }
    return
  }
  if (schema.type === 'null') return
  yield { body, place, schema }
  if (schema.patternProperties) {
    for (const [pattern, item] of Object.entries(schema.patternProperties)) {
      const name = nameFor(pattern)
      yield* walk(body, [...place, name], (value as Record<string, unknown>)[name], item, schemas)
    }
  }
  for (const [name, part] of Object.entries(schema.properties ?? {})) {
    yield* walk(body, [...place, name], (value as Record<string, unknown>)[name], part, schemas)
  }
  if (schema.type !== 'array') return
  const items = value as readonly unknown[]
  const part = schema.prefixItems?.[0] ?? schema.items
  if (part) yield* walk(body, [...place, 0], items[0], part, schemas)
}

/** Every field of every form of a body, each place once a form. */
export const fieldsOf = (schema: Schema, schemas: Schemas): Field[] =>
  samples(schema, schemas).flatMap((body) => [...walk(body, [], body, schema, schemas)])

export const toPointer = (place: Place): string => place.map((step) => `/${step}`).join('')

/** The body as JSON source, with `source` in its place. */
export function writeBody(body: unknown, place: Place, source: string): string {
  const mark = '\u{f0000}'
  const put = (value: unknown, [step, ...rest]: Place): unknown => {
    if (step === undefined) return mark
    if (Array.isArray(value)) return value.map((item, i) => (i === step ? put(item, rest) : item))
    const record = value as Record<string, unknown>
    return { ...record, [step]: put(record[step], rest) }
  }
  return JSON.stringify(put(body, place)).replace(`"${mark}"`, () => source)
}
