/** What all schemas share. A schema with an `$id` becomes a named component of the OpenAPI document. */
import { type Static, type TProperties, type TSchema, Type } from 'typebox'
import type { Page, PageRequest } from '../../domain/page.ts'
import { MOST_METADATA } from '../../services/description.ts'
import { NAME_PATTERN } from '../core/text.ts'

export const closed = { additionalProperties: false } as const

/** Of a list that is whole: a `limit` that did nothing would be taken for one that acts. */
export const NoQuery = Type.Object({}, closed)

export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])

/** RFC 3339, UTC. */
export const Timestamp = Type.String({ format: 'date-time', examples: ['2026-01-31T12:00:00.000Z'] })

/** Any text that can be stored: http/core/text.ts refuses the rest before a schema is asked, and says why. */
export const Text = <T extends object>(options: T) => Type.String({ ...options, pattern: '^[^\\u0000]*$' })

export const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' })

/** Names are one line: they are written in addresses and tables. */
export const MetadataName = Type.String({ pattern: '^[^\\u0000\\r\\n]{1,64}$' })

/** Texts under names of the user's choice. */
export const Metadata = Type.Record(MetadataName, Text({ maxLength: 512 }), {
  maxProperties: MOST_METADATA,
  // Or a name that the pattern refuses would be taken, whatever its value is.
  ...closed
})

const MetadataPatch = Type.Record(MetadataName, Nullable(Text({ maxLength: 512 })), {
  maxProperties: MOST_METADATA,
  ...closed,
  description: 'Each name by itself: null removes it, and those that are not named stay.'
})

/** What is left out stays. @param name that the resource may have */
const description = <T extends TSchema>(name: T, $id: string) =>
  Type.Object(
    { name: Type.Optional(name), metadata: Type.Optional(MetadataPatch) },
    { ...closed, $id, minProperties: 1, examples: [{ name: 'shoes, second try', metadata: { team: 'x' } }] }
  )

/** The largest number of a Postgres integer: steps, events and versions are such columns. */
export const MOST_INT4 = 2_147_483_647

/** What people call a thing. */
export const Name = Type.String({ minLength: 1, maxLength: 200, pattern: NAME_PATTERN })

export const ModelName = Type.String({
  minLength: 1,
  maxLength: 200,
  pattern: NAME_PATTERN,
  description: 'One line, neither blank nor with spaces at its ends, without @. Every model of a name has a version.'
})

/** Of what has a name in any case, and of what may have one. */
export const Description = description(Name, 'Description')
export const OptionalDescription = description(Nullable(Name), 'OptionalDescription')
export const ModelDescription = description(Nullable(ModelName), 'ModelDescription')

export const ResourceError = Type.Object({ code: Type.String(), message: Type.String() }, { $id: 'ResourceError' })

/** Of a resource in a path. Any text: what is no id is not found. */
export const Id = Text({ minLength: 1, maxLength: 300 })
export const IdParams = Type.Object({ id: Id }, closed)

/** Opaque to clients; http/core/cursors.ts makes and checks it for every list whose query has this field. */
export const Cursor = Type.Optional(
  Type.String({
    pattern: '^[A-Za-z0-9_-]+$',
    minLength: 10,
    maxLength: 400,
    description: 'next_cursor of the page before, of the same list in the same order.'
  })
)

export const pageQuery = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 20, description: 'Items in a page.' })),
  after: Cursor
}

export const PageQuery = Type.Object(pageQuery, closed)

/** Of lists of what people give names to. */
export const namedQuery = {
  ...pageQuery,
  name: Type.Optional(
    Text({ minLength: 1, maxLength: 200, description: 'A part of the name, in upper or lower case alike.' })
  )
}

export const NamedQuery = Type.Object(namedQuery, closed)

export const toPageRequest = (query: { readonly limit?: number; readonly after?: string }): PageRequest => ({
  limit: query.limit ?? 20,
  after: query.after ?? null
})

const listProperties = <T extends TSchema>(item: T) => ({
  object: Type.Literal('list'),
  data: Type.Array(item),
  has_more: Type.Boolean(),
  next_cursor: Nullable(Type.String())
})

export const ListOf = <T extends TSchema>(item: T, $id: string) => Type.Object(listProperties(item), { $id })

export interface PresentedList<T> {
  object: 'list'
  data: T[]
  has_more: boolean
  next_cursor: string | null
}

export const presentPage = <T, W>(
  { data, hasMore, nextCursor }: Page<T>,
  present: (item: T) => W
): PresentedList<W> => ({
  object: 'list',
  data: data.map(present),
  has_more: hasMore,
  next_cursor: nextCursor
})

export const timestampOrNull = (date: Date | null): string | null => date?.toISOString() ?? null

/** An object of an answer: nothing but these fields. */
export const Resource = <T extends TProperties>(properties: T, $id: string) => Type.Object(properties, { $id })

export type Wire<T extends TSchema> = Static<T>
