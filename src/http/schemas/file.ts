import { type Static, Type } from 'typebox'
import { FILE_PURPOSES, type StoredRequests } from '../../domain/file.ts'
import { closed, Id, ListOf, pageQuery, Resource } from './common.ts'
import { Binary } from './serving.ts'

/** OpenAI's way to tell a time: seconds since 1970. */
export const UnixTime = Type.Integer({ description: 'Seconds since 1970.' })

export const unixTime = (date: Date): number => Math.floor(date.getTime() / 1000)

/** OpenAI's clients go on behind the last id that they have. */
export const pageById = { limit: pageQuery.limit, after: Type.Optional(Id) }

export const FileForm = Type.Object({
  purpose: Type.Literal('batch'),
  file: Type.Unsafe<unknown>({
    ...Binary,
    description: 'JSONL: a request a line, `{"custom_id", "method", "url", "body"}`.'
  })
})

export const RequestFile = Resource(
  {
    id: Type.String(),
    object: Type.Literal('file'),
    purpose: Type.Enum([...FILE_PURPOSES], {
      description: 'batch: requests that were uploaded. batch_output: answers or failures of a batch.'
    }),
    filename: Type.String(),
    bytes: Type.Integer(),
    sha256: Type.String(),
    lines: Type.Integer(),
    status: Type.Literal('processed'),
    created_at: UnixTime
  },
  'RequestFile'
)

export const RequestFileList = ListOf(RequestFile, 'RequestFileList')

export const RequestFileQuery = Type.Object(
  { ...pageById, purpose: Type.Optional(Type.Enum([...FILE_PURPOSES])) },
  closed
)

export const DeletedFile = Resource(
  { id: Type.String(), object: Type.Literal('file'), deleted: Type.Literal(true) },
  'DeletedFile'
)

export const presentFile = (file: StoredRequests): Static<typeof RequestFile> => ({
  id: file.id,
  object: 'file',
  purpose: file.purpose,
  filename: file.filename,
  bytes: file.bytes,
  sha256: file.sha256,
  lines: file.lines,
  status: 'processed',
  created_at: unixTime(file.createdAt)
})
