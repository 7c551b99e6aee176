/** Who is asking. Every read and write of the API is bound to one project. */
export const SCOPES = [
  'runs:write',
  'runs:read',
  'models:write',
  'models:read',
  'embeddings:write',
  'datasets:write',
  'datasets:read',
  'admin',
  'instance:admin'
] as const

export type Scope = (typeof SCOPES)[number]

export interface Principal {
  readonly projectId: string
  /** Id of the key; of a token `oidc:` and its subject. */
  readonly actor: string
  /** A key can be revoked; a token of an issuer only runs out. */
  readonly by: 'key' | 'token'
  readonly scopes: readonly Scope[]
  /** Of the key or token; null for a key that does not run out. */
  readonly expiresAt: Date | null
}

/** As sentences for people begin. */
export const thisOne = ({ by }: Pick<Principal, 'by'>): string => (by === 'key' ? 'This API key' : 'This token')

/**
 * Whether a key with these scopes may do what needs this one. `admin` may everything in its project; `instance:admin`, an admin of
 * the installation, makes projects and says what they may have besides. Neither sees into another project.
 */
export const isCovered = (scope: Scope, by: readonly Scope[]): boolean =>
  by.includes(scope) || by.includes('instance:admin') || (scope !== 'instance:admin' && by.includes('admin'))

/** Whoever has one of these may everything in the key's project. */
export const ADMIN_SCOPES = SCOPES.filter((scope) => isCovered('admin', [scope]))

/** Only a SHA-256 of the secret is kept; the key itself is shown once. */
export interface ApiKey {
  readonly id: string
  readonly projectId: string
  readonly name: string
  readonly scopes: readonly Scope[]
  readonly secretHash: string
  readonly createdAt: Date
  readonly expiresAt: Date | null
  readonly lastUsedAt: Date | null
  readonly revokedAt: Date | null
}
