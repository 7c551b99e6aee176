/** Uploads that clients make part by part, through URLs that carry their permission. */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  type S3Client,
  UploadPartCommand
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { invariant, isAppError } from '../../base/errors.ts'
import type { ObjectStore, UnfinishedUpload } from '../../domain/ports.ts'
import { answeredWithin, type Patience, whileAnswering } from './patience.ts'
import { translateS3Error } from './s3-errors.ts'

type UploadVerbs = 'startUpload' | 'partUrls' | 'finishUpload' | 'abortUpload' | 'listUploads'

/** What servers that lack the listing answer. */
const UNKNOWN = new Set(['NotImplemented', 'MethodNotAllowed'])

export interface Uploads {
  readonly client: S3Client
  /** Whose sockets may be silent for minutes. */
  readonly joiningClient: S3Client
  readonly bucket: string
  readonly patience: Patience
  /** Whether the store answers at all. */
  readonly check: () => Promise<void>
}

export const createS3Uploads = ({
  client,
  joiningClient,
  bucket: Bucket,
  patience: { answerMs },
  check
}: Uploads): Pick<ObjectStore, UploadVerbs> => ({
  async startUpload(Key) {
    const command = new CreateMultipartUploadCommand({ Bucket, Key })
    const { UploadId } = await answeredWithin(answerMs, (abortSignal) => client.send(command, { abortSignal }))
    invariant(UploadId, 'a multipart upload has an id')
    return UploadId
  },

  // The length is signed with the rest, so S3 itself refuses a part of another one.
  partUrls: (Key, UploadId, partBytes, expiresIn) =>
    answeredWithin(answerMs, () =>
      Promise.all(
        partBytes.map(async (ContentLength, i) => {
          const part = new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: i + 1, ContentLength })
          return { part: i + 1, url: await getSignedUrl(client, part, { expiresIn }) }
        })
      )
    ),

  async finishUpload(Key, UploadId, parts) {
    const Parts = parts.map(({ part, etag }) => ({ PartNumber: part, ETag: etag }))
    const command = new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } })
    await whileAnswering({ everyMs: answerMs, ask: check }, (abortSignal) =>
      joiningClient.send(command, { abortSignal })
    )
  },

  async abortUpload(Key, UploadId) {
    try {
      const command = new AbortMultipartUploadCommand({ Bucket, Key, UploadId })
      await answeredWithin(answerMs, (abortSignal) => client.send(command, { abortSignal }))
    } catch (thrown) {
      const error = translateS3Error(thrown)
      if (!isAppError(error, 'upload_not_found')) throw error
    }
  },

  async listUploads() {
    const all: UnfinishedUpload[] = []
    let from: { KeyMarker?: string; UploadIdMarker?: string } | null = {}
    try {
      while (from !== null) {
        const page: ListMultipartUploadsCommandOutput = await client.send(
          new ListMultipartUploadsCommand({ Bucket, ...from })
        )
        // A server that does not know the question answers it as a listing of objects, which names no bucket of uploads.
        if (page.Bucket === undefined) return null
        for (const { Key: key, UploadId: multipartId, Initiated } of page.Uploads ?? [])
          if (key && multipartId && Initiated) all.push({ key, multipartId, startedAt: Initiated })
        const { NextKeyMarker, NextUploadIdMarker } = page
        from =
          page.IsTruncated && NextKeyMarker
            ? { KeyMarker: NextKeyMarker, ...(NextUploadIdMarker && { UploadIdMarker: NextUploadIdMarker }) }
            : null
      }
    } catch (thrown) {
      if (thrown instanceof Error && UNKNOWN.has(thrown.name)) return null
      throw thrown
    }
    return all
  }
})
