/** Files of requests, on their way through the API into the object store, and what becomes of them. */
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { Clock } from '../../base/clock.ts'
import { AppError, toError } from '../../base/errors.ts'
import type { IdKind } from '../../base/ids.ts'
import { LineCounter } from '../../base/json-lines.ts'
import type { Logger } from '../../base/log.ts'
import { type FilePurpose, fileKey, filePrefix, MOST_LINES, type StoredRequests } from '../../domain/file.ts'
import { invalidCursor, type Page, type PageRequest } from '../../domain/page.ts'
import type { ObjectStore } from '../../domain/ports.ts'
import type { NewRemoval } from '../../domain/removal.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import { checkQuotas, type StorageRoom, storageRoom } from '../projects/quotas.ts'

export interface FileServiceDeps {
  readonly unitOfWork: UnitOfWork
  readonly stores: Pick<Stores, 'files' | 'projects'>
  readonly objects: Pick<ObjectStore, 'put' | 'getRange' | 'removePrefix'>
  readonly clock: Clock
  readonly newId: (kind: IdKind) => string
  readonly logger: Pick<Logger, 'warn'>
  readonly limits: { readonly bodyBytes: number; readonly fileBytes: number }
}

/** Its bytes are stored, and nobody knows of it yet. */
export type ReceivedFile = Pick<StoredRequests, 'id' | 'filename' | 'bytes' | 'sha256' | 'lines'>

/** Of a form, besides its file. */
const FORM_BYTES = 64 * 1024

/** A file is given out in pieces of this: what of it is in memory. */
const PIECE_BYTES = 4 * 1024 * 1024

export type FileService = ReturnType<typeof createFileService>

const invalid = (path: string, message: string): AppError =>
  new AppError('invalid_request', { errors: [{ path, message }] })

export const removalOfFile = ({ id, projectId }: Pick<StoredRequests, 'id' | 'projectId'>): NewRemoval => ({
  projectId,
  what: 'file',
  subject: id,
  prefix: filePrefix(id),
  multipartId: null
})

export function createFileService(deps: FileServiceDeps) {
  const { unitOfWork, stores, objects, clock, newId, logger, limits } = deps

  async function get(projectId: string, id: string): Promise<StoredRequests> {
    const file = await stores.files.find(projectId, id)
    if (file === null) throw new AppError('file_not_found', { fileId: id })
    return file
  }

  async function* pieces({ id, bytes }: StoredRequests): AsyncGenerator<Uint8Array> {
    for (let from = 0; from < bytes; from += PIECE_BYTES)
      yield await objects.getRange(fileKey(id), from, Math.min(PIECE_BYTES, bytes - from))
  }

  return {
    get,

    /**
     * Before a byte is taken.
     *
     * @param announced bytes of the whole form; null where nobody says
     * @throws AppError quota_exceeded where its file cannot fit
     */
    async admit(projectId: string, announced: number | null): Promise<StorageRoom> {
      const room = await storageRoom(stores, { projectId, now: new Date(clock.now()) })
      room(Math.max(0, (announced ?? 0) - FORM_BYTES))
      return room
    },

    /**
     * Counts and judges what goes past, in pieces. Whoever receives keeps or drops it.
     *
     * @throws AppError body_too_large, invalid_request, quota_exceeded, storage_unavailable: nothing of it is left then
     */
    async receive(filename: string, body: AsyncIterable<Uint8Array>, room: StorageRoom): Promise<ReceivedFile> {
      const id = newId('file')
      const hash = createHash('sha256')
      const counter = new LineCounter()
      let bytes = 0
      const watched = async function* () {
        for await (const chunk of body) {
          bytes += chunk.length
          if (bytes > limits.fileBytes) throw new AppError('body_too_large', { limit: limits.fileBytes })
          room(bytes)
          hash.update(chunk)
          counter.add(chunk)
          checkLines(counter, limits.bodyBytes)
          yield chunk
        }
        counter.end()
        checkLines(counter, limits.bodyBytes)
        if (counter.lines === 0) throw invalid('/file', 'must have a request a line, and has none')
      }
      try {
        await objects.put(fileKey(id), Readable.from(watched(), { objectMode: false }))
      } catch (error) {
        await this.drop({ id })
        throw error
      }
      return { id, filename, bytes, sha256: hash.digest('hex'), lines: counter.lines }
    },

    /** What cannot be removed now is nobody's: npm run gc finds it. */
    async drop({ id }: Pick<ReceivedFile, 'id'>): Promise<void> {
      await objects.removePrefix(filePrefix(id)).catch((error: unknown) => {
        logger.warn({ fileId: id, error: toError(error).message }, 'a file that was refused is left over')
      })
    },

    /** @throws AppError quota_exceeded */
    keep(projectId: string, received: ReceivedFile): Promise<StoredRequests> {
      const file = { ...received, projectId, purpose: 'batch', createdAt: new Date(clock.now()) } as const
      return unitOfWork(async (tx) => {
        await checkQuotas(tx, { projectId, wanted: { storageBytes: file.bytes }, now: file.createdAt })
        await tx.files.insert(file)
        return file
      })
    },

    /** @throws AppError invalid_request for an `after` that is none of them */
    async list(
      projectId: string,
      filter: { readonly purpose?: FilePurpose },
      page: PageRequest
    ): Promise<Page<StoredRequests>> {
      if (page.after !== null && (await stores.files.find(projectId, page.after)) === null) throw invalidCursor()
      return stores.files.list(projectId, filter, page)
    },

    /** @throws AppError file_not_found */
    async open(
      projectId: string,
      id: string
    ): Promise<{ readonly file: StoredRequests; readonly content: () => Readable }> {
      const file = await get(projectId, id)
      return { file, content: () => Readable.from(pieces(file), { objectMode: false }) }
    },

    /** @throws AppError file_not_found, file_in_use */
    remove: (projectId: string, id: string): Promise<void> =>
      unitOfWork(async (tx) => {
        const file = await tx.files.find(projectId, id, { lock: 'alone' })
        if (file === null) throw new AppError('file_not_found', { fileId: id })
        const usedBy = await tx.batches.reading(id)
        if (usedBy.length > 0) {
          const message = `File ${id} is read by what has not ended: ${usedBy.join(', ')}.`
          throw new AppError('file_in_use', { message, fileId: id, usedBy })
        }
        await tx.files.remove(id)
        await tx.removals.add([removalOfFile(file)], new Date(clock.now()))
      })
  }
}

/** While they come: a gigabyte of lines that are too many is not counted to its end. @throws AppError invalid_request */
function checkLines({ lines, longest }: LineCounter, mostBytes: number): void {
  if (lines > MOST_LINES) throw invalid('/file', `must have at most ${MOST_LINES} lines, and has more`)
  if (longest > mostBytes)
    throw invalid('/file', `must have lines of at most ${mostBytes} bytes, and has one of ${longest}`)
}
