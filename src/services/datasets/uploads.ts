/** Files on their way into the object store: started here, sent part by part to the store, completed here. */
import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import type { IdKind } from '../../base/ids.ts'
import type { Upload } from '../../domain/dataset.ts'
import type { ObjectStore, Stores, UploadPart } from '../../domain/ports.ts'
import { checkWeightFilename } from '../models/weight-sources.ts'
import { checkFilename } from './dataset-sources.ts'

export interface UploadDeps {
  readonly stores: Pick<Stores, 'datasets'>
  readonly objects: ObjectStore
  readonly clock: Clock
  readonly newId: (kind: IdKind) => string
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

/** Of a dataset, or of weights. */
export type UploadOwner = string | null

/** Ids of datasets have a prefix of their own, so none is called `weights`. */
export const uploadPrefix = (owner: UploadOwner): string => `uploads/${owner ?? 'weights'}`

export function createUploadVerbs({ stores, objects, clock, newId, limits }: UploadDeps) {
  async function requireUpload(projectId: string, owner: UploadOwner, uploadId: string): Promise<Upload> {
    const upload = await stores.datasets.findUpload(projectId, uploadId)
    if (upload === null || upload.datasetId !== owner) throw new AppError('upload_not_found', { uploadId })
    return upload
  }

  return {
    /** @throws AppError dataset_not_found, invalid_request */
    async startUpload(
      projectId: string,
      owner: UploadOwner,
      request: { readonly filename: string; readonly bytes: number }
    ): Promise<{ upload: Upload; parts: readonly UploadPart[] }> {
      const { filename, bytes } = request
      if (owner === null) checkWeightFilename(filename)
      else checkFilename(filename)
      if (bytes > limits.uploadBytes) {
        const message = `must be at most ${limits.uploadBytes}`
        throw new AppError('invalid_request', { errors: [{ path: '/bytes', message }] })
      }
      if (owner !== null && (await stores.datasets.find(projectId, owner)) === null)
        throw new AppError('dataset_not_found', { datasetId: owner })
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
        const parts = await objects.partUrls(objectKey, multipartId, Math.ceil(bytes / partBytes), EXPIRES_IN_S)
        await stores.datasets.insertUpload(upload)
        return { upload, parts }
      } catch (error) {
        await objects.abortUpload(objectKey, multipartId)
        throw error
      }
    },

    /**
     * Repeatable: completing what is complete answers the same.
     *
     * @throws AppError upload_not_found, upload_expired, upload_incomplete (its object is gone then), invalid_request
     */
    async completeUpload(
      projectId: string,
      owner: UploadOwner,
      request: { readonly uploadId: string; readonly parts: readonly PartTag[] }
    ): Promise<Upload> {
      const upload = await requireUpload(projectId, owner, request.uploadId)
      if (upload.status === 'completed') return upload
      if (upload.status === 'expired' || upload.expiresAt.getTime() <= clock.now()) throw new AppError('upload_expired')
      const parts = [...request.parts].sort((a, b) => a.part - b.part)
      const expected = Math.ceil(upload.bytes / upload.partBytes)
      if (parts.length !== expected || parts.some(({ part }, index) => part !== index + 1)) {
        const message = `must be the parts 1 to ${expected}, each once`
        throw new AppError('invalid_request', { errors: [{ path: '/parts', message }] })
      }
      // There already when an earlier call was cut off between the object store and the record.
      const known = await objects.head(upload.objectKey)
      if (known === null) await objects.finishUpload(upload.objectKey, upload.multipartId, parts)
      const written = known ?? (await objects.head(upload.objectKey))
      if (written?.bytes !== upload.bytes) {
        await objects.removePrefix(upload.objectKey)
        const message = `The upload holds ${written?.bytes ?? 0} bytes, ${upload.bytes} were announced. Start another one.`
        throw new AppError('upload_incomplete', { message, uploadId: upload.id })
      }
      await stores.datasets.completeUpload(projectId, upload.id)
      return { ...upload, status: 'completed' }
    }
  }
}
