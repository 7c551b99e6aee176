/** Files of requests and of their answers, as OpenAI's clients upload and download them. */

/** `batch`: of requests, by a user. `batch_output`: what a batch has answered, or failed to. */
export const FILE_PURPOSES = ['batch', 'batch_output'] as const
export type FilePurpose = (typeof FILE_PURPOSES)[number]

export interface StoredRequests {
  readonly id: string
  readonly projectId: string
  readonly purpose: FilePurpose
  readonly filename: string
  readonly bytes: number
  readonly sha256: string
  /** That say something: JSONL has one request or answer in each. */
  readonly lines: number
  readonly createdAt: Date
}

export const filePrefix = (id: string): string => `files/${id}/`

/** The one object of a file. */
export const CONTENT = 'content'

export const fileKey = (id: string): string => `${filePrefix(id)}${CONTENT}`

/** Of one file: twenty times OpenAI's. Each is a line of its output, too. */
export const MOST_LINES = 1_000_000
