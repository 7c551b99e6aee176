import type { Scope } from '../../../client/resources.ts'

/** In the order in which they are offered; a test holds the list against the domain's. */
export const SCOPES = [
  'runs:read',
  'runs:write',
  'models:read',
  'models:write',
  'embeddings:write',
  'datasets:read',
  'datasets:write',
  'admin',
  'instance:admin'
] as const satisfies readonly Scope[]
