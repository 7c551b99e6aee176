/** Aliases of models, as they are asked for and told of. */
import { createHash } from 'node:crypto'
import { type Static, Type } from 'typebox'
import { ALIAS_PATTERN, type ModelAlias as DomainAlias } from '../../domain/model-name.ts'
import type { AliasMove } from '../../services/models/aliases.ts'
import { closed, Id, ListOf, MOST_INT4, Resource, Text, Timestamp } from './common.ts'

const ModelNameParam = Text({
  minLength: 1,
  maxLength: 200,
  description: 'Of models, percent-encoded where it has to be.'
})

export const NameParams = Type.Object({ name: ModelNameParam }, closed)

/** Any text: what is no alias is not found, or refused where it would become one. */
export const AliasParams = Type.Object({ name: ModelNameParam, alias: Id }, closed)

export const NewAliasParams = Type.Object(
  {
    name: ModelNameParam,
    alias: Type.String({
      pattern: ALIAS_PATTERN,
      description: 'A letter, then up to 63 letters, digits, points, hyphens and underscores.'
    })
  },
  closed
)

export const MoveAlias = Type.Union(
  [
    Type.Object(
      { version: Type.Integer({ minimum: 1, maximum: MOST_INT4 }) },
      { ...closed, description: 'Of the name.' }
    ),
    Type.Object({ model: Id }, { ...closed, description: 'The id of a model of that name.' })
  ],
  { $id: 'MoveAlias', examples: [{ version: 3 }, { model: 'mdl_01jexample' }] }
)

export const Conditions = Type.Object({
  'If-None-Match': Type.Optional(Text({ maxLength: 400, description: '`*`: 412 where there is such an alias.' }))
})

export const ModelAlias = Resource(
  {
    object: Type.Literal('model_alias'),
    project_id: Type.String(),
    name: Type.String(),
    alias: Type.String(),
    model: Type.String(),
    version: Type.Integer({ description: 'Of the model.' }),
    etag: Type.String({ description: 'As the header has it: for If-Match.' }),
    created_at: Timestamp,
    updated_at: Timestamp
  },
  'ModelAlias'
)

export const ModelAliasList = ListOf(ModelAlias, 'ModelAliasList')

/** Of one that was removed and made again too: another time of creation is another tag. */
export function aliasEtag({ modelId, revision, createdAt }: DomainAlias): string {
  const text = `${modelId} ${revision} ${createdAt.toISOString()}`
  return `"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"`
}

export const readTarget = (body: Static<typeof MoveAlias>): AliasMove['target'] => body

export const presentAlias = (alias: DomainAlias): Static<typeof ModelAlias> => ({
  object: 'model_alias',
  project_id: alias.projectId,
  name: alias.name,
  alias: alias.alias,
  model: alias.modelId,
  version: alias.version,
  etag: aliasEtag(alias),
  created_at: alias.createdAt.toISOString(),
  updated_at: alias.updatedAt.toISOString()
})
