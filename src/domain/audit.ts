/** Who has changed what: one entry for each change that a key asked for, written in the transaction that makes it. Never changed. */
export interface AuditEntry {
  readonly id: string
  readonly projectId: string
  /** Id of the key that asked; of a token `oidc:` and its subject. */
  readonly actor: string
  /** As the API's document calls it: `createRun`. */
  readonly action: string
  /** Id of what was made, changed or removed. */
  readonly subject: string
  readonly requestId: string
  readonly createdAt: Date
}
