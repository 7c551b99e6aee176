/** Uploads that clients make part by part, through URLs that carry their permission. */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type S3Client,
  UploadPartCommand
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { invariant, isAppError } from '../../base/errors.ts'
import type { ObjectStore } from '../../domain/ports.ts'
import { translateS3Error } from './s3-errors.ts'

type UploadVerbs = 'startUpload' | 'partUrls' | 'finishUpload' | 'abortUpload'

export const createS3Uploads = (client: S3Client, Bucket: string): Pick<ObjectStore, UploadVerbs> => ({
  async startUpload(Key) {
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }))
    invariant(UploadId, 'a multipart upload has an id')
    return UploadId
  },

  // The length is signed with the rest, so S3 itself refuses a part of another one.
  partUrls: (Key, UploadId, partBytes, expiresIn) =>
    Promise.all(
      partBytes.map(async (ContentLength, i) => {
        const part = new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: i + 1, ContentLength })
        return { part: i + 1, url: await getSignedUrl(client, part, { expiresIn }) }
      })
    ),

  async finishUpload(Key, UploadId, parts) {
    const Parts = parts.map(({ part, etag }) => ({ PartNumber: part, ETag: etag }))
    await client.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }))
  },

  async abortUpload(Key, UploadId) {
    try {
      await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }))
    } catch (thrown) {
      const error = translateS3Error(thrown)
      if (!isAppError(error, 'upload_not_found')) throw error
    }
  }
})
