/** Scopes that the API knows today; a test holds the list against the domain's. */
export const SCOPES = [
  'runs:read',
  'runs:write',
  'models:read',
  'models:write',
  'embeddings:write',
  'datasets:read',
  'datasets:write',
  'admin'
] as const

export type Scope = (typeof SCOPES)[number]
