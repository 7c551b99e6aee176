/** A training state in the object store: committed by its manifest, recorded in the transaction that moves the run. */
export interface Checkpoint {
  readonly id: string
  readonly projectId: string
  readonly runId: string
  readonly step: number
  readonly epoch: number
  readonly leaseEpoch: number
  readonly prefix: string
  readonly files: readonly StoredFile[]
  readonly bytes: number
  readonly stateHash: string
  readonly status: 'complete' | 'deleted'
  /** A user wants it: no policy removes it. */
  readonly keep: boolean
  readonly metrics: Readonly<Record<string, number>>
  readonly createdAt: Date
}

/** `name` is the path below the prefix. */
export interface StoredFile {
  readonly name: string
  readonly bytes: number
  readonly sha256: string
}
