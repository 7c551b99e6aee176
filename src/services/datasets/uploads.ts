/** Files on their way into the object store: started here, sent part by part to the store, completed here. */
import type { Clock } from '../../base/clock.ts'
import { AppError, toError } from '../../base/errors.ts'
import type { IdKind } from '../../base/ids.ts'
import type { Logger } from '../../base/log.ts'
import type { Upload } from '../../domain/dataset.ts'
import type { Page, PageRequest } from '../../domain/page.ts'
import type { ObjectStore, UploadPart } from '../../domain/ports.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import { checkWeightFilename } from '../models/weight-sources.ts'
import { createOneAtATime } from '../one-at-a-time.ts'
import { checkQuotas } from '../projects/quotas.ts'
import { checkFilename } from './dataset-sources.ts'

export interface UploadDeps {
  readonly unitOfWork: UnitOfWork
  readonly stores: Pick<Stores, 'datasets'>
  readonly objects: ObjectStore
  readonly clock: Clock
  readonly newId: (kind: IdKind) => string
  readonly logger: Pick<Logger, 'warn'>
  readonly limits: { readonly uploadBytes: number }
}

export interface PartTag {
  readonly part: number
  readonly etag: string
}

const MEBIBYTE = 1024 * 1024
/** S3 wants 5 MiB or more in every part but the last. */
const SMALLEST_PART_BYTES = 16 * MEBIBYTE
/** Every part is a URL in the answer; S3 takes 10,000 parts. */
const MOST_PARTS = 1000
const EXPIRES_IN_S = 24 * 3600

export const partBytesFor = (bytes: number): number =>
  Math.max(SMALLEST_PART_BYTES, Math.ceil(bytes / MOST_PARTS / MEBIBYTE) * MEBIBYTE)

/** Of each part: all alike but the last. */
const partLengths = ({ bytes, partBytes }: Pick<Upload, 'bytes' | 'partBytes'>): number[] =>
  Array.from({ length: Math.ceil(bytes / partBytes) }, (_, i) => Math.min(partBytes, bytes - i * partBytes))

/** Of a dataset, or of weights. */
export type UploadOwner = string | null

/** Ids of datasets have a prefix of their own, so none is called `weights`. */
export const uploadPrefix = (owner: UploadOwner): string => `uploads/${owner ?? 'weights'}`

export function createUploadVerbs({ unitOfWork, stores, objects, clock, newId, logger, limits }: UploadDeps) {
  const oneAtATime = createOneAtATime()

  async function requireUpload(projectId: string, owner: UploadOwner, uploadId: string): Promise<Upload> {
    const upload = await stores.datasets.findUpload(projectId, uploadId)
    if (upload === null || upload.datasetId !== owner) throw new AppError('upload_not_found', { uploadId })
    return upload
  }

  async function requireOwner(projectId: string, owner: UploadOwner): Promise<void> {
    if (owner !== null && (await stores.datasets.find(projectId, owner)) === null)
      throw new AppError('dataset_not_found', { datasetId: owner })
  }

  const bytesOf = async ({ objectKey }: Upload): Promise<number | null> =>
    (await objects.head(objectKey))?.bytes ?? null

  /** @throws AppError upload_not_found, upload_incomplete */
  async function joinParts(upload: Upload, parts: readonly PartTag[]): Promise<void> {
    const { id: uploadId, objectKey, multipartId, bytes } = upload
    // There already when an earlier call was cut off between the object store and the record.
    let written = await bytesOf(upload)
    if (written === null) {
      try {
        await objects.finishUpload(objectKey, multipartId, parts)
      } catch (error) {
        // Objects appear whole: another process has done it, or this one did and the answer was lost.
        if ((await bytesOf(upload)) !== bytes) throw error
      }
      written = await bytesOf(upload)
    }
    if (written === bytes) return
    // Deleted with its dataset as soon as it was there.
    if (written === null) throw new AppError('upload_not_found', { uploadId })
    await objects.removePrefix(objectKey)
    const message = `The upload holds ${written} bytes, ${bytes} were announced. Start another one.`
    throw new AppError('upload_incomplete', { message, uploadId })
  }

  /** Why it is given up is what the caller is told, whatever becomes of it. */
  async function giveUp(objectKey: string, multipartId: string): Promise<void> {
    try {
      await objects.abortUpload(objectKey, multipartId)
    } catch (error) {
      logger.warn({ objectKey, error: toError(error).message }, 'an upload that did not start is left over')
    }
  }

  return {
    /** One that can no longer be completed says so; it is removed soon. @throws AppError dataset_not_found */
    async listUploads(projectId: string, owner: UploadOwner, page: PageRequest): Promise<Page<Upload>> {
      await requireOwner(projectId, owner)
      const found = await stores.datasets.listUploads(projectId, owner, page)
      const isOver = (upload: Upload) => upload.status === 'pending' && upload.expiresAt.getTime() <= clock.now()
      return { ...found, data: found.data.map((one) => (isOver(one) ? { ...one, status: 'expired' } : one)) }
    },

    /** @throws AppError dataset_not_found, invalid_request, quota_exceeded */
    async startUpload(
      projectId: string,
      owner: UploadOwner,
      request: { readonly filename: string; readonly bytes: number }
    ): Promise<{ upload: Upload; parts: readonly UploadPart[] }> {
      const { filename, bytes } = request
      if (owner === null) checkWeightFilename(filename)
      else checkFilename(filename)
      // Half a character has no UTF-8: what is stored would have another name.
      if (!filename.isWellFormed()) throw invalid('/filename', 'must be text that UTF-8 can hold')
      if (bytes > limits.uploadBytes) throw invalid('/bytes', `must be at most ${limits.uploadBytes}`)
      await requireOwner(projectId, owner)
      const id = newId('upload')
      const objectKey = `${uploadPrefix(owner)}/${id}/${filename}`
      const partBytes = partBytesFor(bytes)
      const multipartId = await objects.startUpload(objectKey)
      try {
        const now = clock.now()
        const upload: Upload = {
          id,
          projectId,
          datasetId: owner,
          filename,
          bytes,
          status: 'pending',
          objectKey,
          multipartId,
          partBytes,
          createdAt: new Date(now),
          expiresAt: new Date(now + EXPIRES_IN_S * 1000)
        }
        const parts = await objects.partUrls(objectKey, multipartId, partLengths(upload), EXPIRES_IN_S)
        await unitOfWork(async (tx) => {
          await checkQuotas(tx, { projectId, wanted: { storageBytes: bytes }, now: upload.createdAt })
          await tx.datasets.insertUpload(upload)
        })
        return { upload, parts }
      } catch (error) {
        await giveUp(objectKey, multipartId)
        throw error
      }
    },

    /**
     * Repeatable, also while it is being done: completing what is complete answers the same.
     *
     * @throws AppError upload_not_found, upload_expired, upload_incomplete (its object is gone then), invalid_request
     */
    completeUpload: (
      projectId: string,
      owner: UploadOwner,
      request: { readonly uploadId: string; readonly parts: readonly PartTag[] }
    ): Promise<Upload> =>
      // One after the other, since each would copy all bytes; other processes meet in joinParts.
      oneAtATime(request.uploadId, async () => {
        const upload = await requireUpload(projectId, owner, request.uploadId)
        if (upload.status === 'completed') return upload
        if (upload.status === 'expired' || upload.expiresAt.getTime() <= clock.now()) {
          throw new AppError('upload_expired')
        }
        await joinParts(upload, checkParts(upload, request.parts))
        const isThere = await unitOfWork((tx) => tx.datasets.completeUpload(projectId, upload.id))
        if (isThere) return { ...upload, status: 'completed' }
        // Its dataset was deleted meanwhile, and with it what was there of its objects.
        await objects.removePrefix(upload.objectKey)
        throw new AppError('upload_not_found', { uploadId: upload.id })
      })
  }
}

const invalid = (path: string, message: string): AppError =>
  new AppError('invalid_request', { errors: [{ path, message }] })

/** In their order. */
function checkParts(upload: Upload, given: readonly PartTag[]): PartTag[] {
  const parts = [...given].sort((a, b) => a.part - b.part)
  const expected = partLengths(upload).length
  if (parts.length === expected && parts.every(({ part }, index) => part === index + 1)) return parts
  throw invalid('/parts', `must be the parts 1 to ${expected}, each once`)
}
