/**
 * Whether a field of a request acts: two requests that differ in it alone must not come to the same. What is told from request
 * to request anew, such as the id of what was made, is no difference; being refused is none either, since that says nothing of
 * what an accepted value does.
 */
import { type Field, fieldsOf, type Place, type Schema, type Schemas, toPointer } from './body-fields.ts'

/** What came of a request. */
export interface Effect {
  readonly status: number
  readonly text: string
}

/** That a field acts by being refused: with this status, in these words. */
export interface Refusal {
  readonly status: number
  readonly names: string
}

/** Why what came of a request says nothing; null where it does. @param again the same request's */
export function whyUnsettled(base: Effect, again: Effect): string | null {
  if (base.status >= 300) return `the request without a change is refused: ${base.text.slice(0, 600)}`
  return base.text === again.text ? null : `the same request comes to other things:\n${base.text}\n${again.text}`
}

/** Why the field is not shown to act; null where it is. */
export function whyIdle(base: Effect, changed: Effect, refused?: Refusal): string | null {
  const { status, text } = changed
  if (refused) {
    const isNamed = status === refused.status && text.includes(refused.names)
    return isNamed ? null : `${status} is not ${refused.status} about ${refused.names}: ${text.slice(0, 600)}`
  }
  if (status >= 300) return `the other value is refused: ${text.slice(0, 600)}`
  return text === base.text ? 'another value comes to the same' : null
}

/** Places of a body that hold one value, each once; those that take one value only have nothing to say. */
export function leavesOf(schema: Schema, schemas: Schemas): Field[] {
  const leaves = fieldsOf(schema, schemas).filter(
    ({ schema: { type, enum: choices, const: only } }) =>
      only === undefined && choices?.length !== 1 && type !== 'object' && type !== 'array'
  )
  return [...new Map(leaves.map((leaf) => [toPointer(leaf.place), leaf])).values()]
}

export const hasPlace = (value: unknown, [step, ...rest]: Place): boolean => {
  if (step === undefined) return value !== undefined && value !== null && typeof value !== 'object'
  return typeof value === 'object' && value !== null && hasPlace((value as Record<string, unknown>)[step], rest)
}

const at = (value: unknown, place: Place): unknown =>
  place.reduce<unknown>((inner, step) => (inner as Record<string, unknown>)[step], value)

/** A copy with another value in its place. */
export function withOther(body: object, place: Place, other: unknown): object {
  const copy = structuredClone(body)
  const parent = at(copy, place.slice(0, -1)) as Record<string, unknown>
  parent[place.at(-1) ?? ''] = other
  return copy
}

/** A value beside the one that is there, as the schema has them. */
export function otherValue(body: object, { place, schema }: Pick<Field, 'place' | 'schema'>): unknown {
  const value = at(body, place)
  if (schema.enum) return schema.enum.find((one) => one !== value)
  if (typeof value === 'boolean') return !value
  if (typeof value === 'string') return `${value}2`
  if (typeof value !== 'number')
    throw new Error(`${toPointer(place)} has no value to be changed: ${JSON.stringify(value)}`)
  const { maximum = Number.POSITIVE_INFINITY } = schema
  if (schema.type === 'integer') return value < maximum ? value + 1 : value - 1
  return value === 0 ? Math.min(maximum, 1) / 10 : value * 0.9
}
