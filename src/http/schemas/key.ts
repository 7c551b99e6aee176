import { type Static, Type } from 'typebox'
import { isRecord } from '../../base/json.ts'
import { type ApiKey, SCOPES } from '../../domain/access.ts'
import type { KeyRequest } from '../../services/access/key-rules.ts'
import { parseTimestamp } from '../core/timestamps.ts'
import { closed, ListOf, Name, Nullable, Resource, Timestamp, timestampOrNull } from './common.ts'

const ScopeName = Type.Enum([...SCOPES])

const properties = {
  id: Type.String(),
  object: Type.Literal('api_key'),
  project_id: Type.String(),
  name: Type.String(),
  scopes: Type.Array(ScopeName),
  created_at: Timestamp,
  expires_at: Nullable(Timestamp),
  last_used_at: Nullable(Timestamp),
  revoked_at: Nullable(Timestamp)
}

export const Key = Resource(properties, 'ApiKey')
export const KeyList = ListOf(Key, 'ApiKeyList')

export const IssuedKey = Resource(
  {
    ...properties,
    key: Nullable(Type.String({ description: 'The key itself, shown once: null when the response is a replay.' }))
  },
  'IssuedApiKey'
)

export const CreateKey = Type.Object(
  {
    name: Name,
    scopes: Type.Array(ScopeName, { minItems: 1, maxItems: SCOPES.length, uniqueItems: true }),
    expires_at: Type.Optional(Nullable(Timestamp))
  },
  {
    ...closed,
    $id: 'CreateApiKey',
    examples: [{ name: 'embedding service', scopes: ['embeddings:write', 'models:read'] }]
  }
)

export const UpdateKey = Type.Object(
  { name: Name },
  { ...closed, $id: 'UpdateApiKey', examples: [{ name: 'embedding service of the shop' }] }
)

export const readKeyRequest = ({ name, scopes, expires_at: at }: Static<typeof CreateKey>): KeyRequest => ({
  name,
  scopes,
  expiresAt: at ? parseTimestamp(at) : null
})

/** The secret is shown once: what a replay would show of it is gone. */
export function withoutSecret(body: string): string {
  const parsed: unknown = JSON.parse(body)
  return isRecord(parsed) && 'key' in parsed ? JSON.stringify({ ...parsed, key: null }) : body
}

export const presentKey = (key: ApiKey): Static<typeof Key> => ({
  id: key.id,
  object: 'api_key',
  project_id: key.projectId,
  name: key.name,
  scopes: [...key.scopes],
  created_at: key.createdAt.toISOString(),
  expires_at: timestampOrNull(key.expiresAt),
  last_used_at: timestampOrNull(key.lastUsedAt),
  revoked_at: timestampOrNull(key.revokedAt)
})
