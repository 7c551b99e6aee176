/** What the API's resources look like on the wire, as far as the pages read them. Times are RFC 3339. */
export interface Page<T> {
  readonly data: readonly T[]
  readonly has_more: boolean
  readonly next_cursor: string | null
}

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json }
export type JsonObject = { readonly [name: string]: Json }

export interface Failure {
  readonly code: string
  readonly message: string
}

export interface Key {
  readonly id: string
  readonly name: string
  readonly scopes: readonly string[]
  readonly created_at: string
  readonly expires_at: string | null
  readonly last_used_at: string | null
  readonly revoked_at: string | null
}

/** The answer to creating one: the only time that the key itself is seen. Null in a replay of that answer. */
export interface NewKey extends Key {
  readonly key: string | null
}

export interface Dataset {
  readonly id: string
  readonly name: string
  readonly metadata: JsonObject
  readonly latest_version: number | null
  readonly created_at: string
}

export interface UploadPart {
  readonly part: number
  readonly url: string
}

export interface Upload {
  readonly id: string
  readonly part_bytes: number
  readonly parts: readonly UploadPart[]
}

export type DatasetVersionStatus = 'queued' | 'ingesting' | 'ready' | 'failed' | 'cancelled'

export interface RejectedFile {
  readonly name: string
  readonly code: string
  readonly message: string
}

export interface DatasetVersion {
  readonly dataset_id: string
  readonly version: number
  readonly status: DatasetVersionStatus
  readonly source:
    | { readonly type: 'upload'; readonly uploads: readonly string[] }
    | { readonly type: 's3'; readonly prefix: string }
  readonly images: number
  readonly bytes: number
  readonly rejected: number
  readonly duplicates: number
  readonly classes: readonly string[] | null
  readonly content_hash: string | null
  /** Images by "width×height". */
  readonly sizes: Readonly<Record<string, number>>
  readonly progress: { readonly images: number; readonly rejected: number }
  readonly error: Failure | null
  readonly created_at: string
  readonly ready_at: string | null
}
