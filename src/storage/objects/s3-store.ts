/** Objects in S3 or a server compatible with it. Uses nothing that such servers differ in: no conditional writes. */
import { createReadStream, createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  S3Client,
  UploadPartCommand
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { AppError, invariant, isAppError } from '../../base/errors.ts'
import type { ObjectInfo, ObjectStore } from '../../domain/ports.ts'
import { publishFile } from './folder-files.ts'
import { assertKey, assertPrefix } from './keys.ts'
import { translateS3Error } from './s3-errors.ts'

export interface S3StoreOptions {
  readonly bucket: string
  readonly region: string
  /** Null for AWS itself. */
  readonly endpoint: string | null
  /** `endpoint/bucket/key` instead of `bucket.endpoint/key`, as most compatible servers want it. */
  readonly forcePathStyle: boolean
  /** Without them the SDK looks where AWS tools look: environment, files, instance role. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string }
  /** Tries of one request, the first included. */
  readonly maxAttempts?: number
}

const CONNECT_TIMEOUT_MS = 5_000
/** Of silence, not of the whole transfer. */
const SOCKET_TIMEOUT_MS = 30_000

/** S3 takes at most 10 000 parts, and none but the last below 5 MiB. */
const PART_BYTES = 8 * 1024 * 1024
const MOST_PARTS = 9_000
const PARTS_AT_ONCE = 3

/** The SDK repeats requests, but not bodies that break off half-way. */
const BODY_ATTEMPTS = 3

const DELETE_AT_ONCE = 1000

export function createS3Store(options: S3StoreOptions): ObjectStore & { close(): void } {
  const { bucket: Bucket, credentials, endpoint } = options
  const client = new S3Client({
    region: options.region,
    forcePathStyle: options.forcePathStyle,
    maxAttempts: options.maxAttempts ?? 4,
    requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, socketTimeout: SOCKET_TIMEOUT_MS },
    // The SDK's newer default adds CRC trailers to every request, which compatible servers do not all understand.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...(endpoint === null ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials })
  })

  const upload = async (Key: string, Body: Readable, more: { ContentType?: string; partSize?: number }) => {
    const { partSize = PART_BYTES, ...headers } = more
    const params = { Bucket, Key, Body, ...headers }
    await new Upload({ client, params, partSize, queueSize: PARTS_AT_ONCE, leavePartsOnError: false }).done()
  }

  /** Again from the start when the body breaks off. */
  const download = async <T>(key: string, consume: (body: Readable) => Promise<T>, Range?: string): Promise<T> => {
    for (let attempt = 1; ; attempt++) {
      try {
        const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: key, ...(Range ? { Range } : {}) }))
        invariant(Body instanceof Readable, 'the SDK gives streams in Node')
        return await consume(Body)
      } catch (thrown) {
        const error = translateS3Error(thrown, key)
        if (!isAppError(error, 'storage_unavailable') || attempt === BODY_ATTEMPTS) throw error
      }
    }
  }

  const store: ObjectStore = {
    async put(Key, body, putOptions) {
      const type = putOptions?.contentType
      const headers = type === undefined ? {} : { ContentType: type }
      if (body instanceof Uint8Array) await client.send(new PutObjectCommand({ Bucket, Key, Body: body, ...headers }))
      else await upload(Key, body, headers)
    },

    async putFile(Key, path) {
      const { size } = await stat(path)
      await upload(Key, createReadStream(path), { partSize: Math.max(PART_BYTES, Math.ceil(size / MOST_PARTS)) })
    },

    get: (key) => download(key, readAll),

    async getRange(key, start, length) {
      if (length === 0) return new Uint8Array(0)
      try {
        return await download(key, readAll, `bytes=${start}-${start + length - 1}`)
      } catch (error) {
        // The range begins behind the last byte.
        if (error instanceof Error && error.name === 'InvalidRange') return new Uint8Array(0)
        throw error
      }
    },

    getFile: (key, path) =>
      publishFile(dirname(path), path, (partial) =>
        download(key, (body) => pipeline(body, createWriteStream(partial)))
      ),

    async head(key) {
      try {
        const { ContentLength } = await client.send(new HeadObjectCommand({ Bucket, Key: key }))
        return { key, bytes: ContentLength ?? 0 }
      } catch (thrown) {
        const error = translateS3Error(thrown, key)
        if (isAppError(error, 'object_not_found')) return null
        throw error
      }
    },

    list: (prefix) => {
      assertPrefix(prefix)
      return listObjects(client, Bucket, prefix)
    },

    async removePrefix(prefix) {
      let keys: { Key: string }[] = []
      const removeCollected = async () => {
        if (keys.length === 0) return
        const { Errors } = await client.send(
          new DeleteObjectsCommand({ Bucket, Delete: { Objects: keys, Quiet: true } })
        )
        const [failed] = Errors ?? []
        if (failed) throw new AppError('storage_unavailable', { message: `${failed.Key}: ${failed.Message}` })
        keys = []
      }
      for await (const { key } of store.list(prefix)) {
        keys.push({ Key: key })
        if (keys.length === DELETE_AT_ONCE) await removeCollected()
      }
      await removeCollected()
    },

    async startUpload(Key) {
      const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }))
      invariant(UploadId, 'a multipart upload has an id')
      return UploadId
    },

    partUrls: (Key, UploadId, parts, expiresIn) =>
      Promise.all(
        Array.from({ length: parts }, async (_, i) => {
          const part = new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: i + 1 })
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
    },

    downloadUrl(Key, expiresIn, filename) {
      const ResponseContentDisposition = `attachment; filename*=UTF-8''${encodeURIComponent(filename)}`
      return getSignedUrl(client, new GetObjectCommand({ Bucket, Key, ResponseContentDisposition }), { expiresIn })
    },

    async check() {
      await client.send(new HeadBucketCommand({ Bucket }))
    }
  }
  return { ...translating(store), close: () => client.destroy() }
}

const readAll = async (body: Readable): Promise<Uint8Array> => {
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(chunk)
  return new Uint8Array(Buffer.concat(chunks))
}

async function* listObjects(client: S3Client, Bucket: string, Prefix: string): AsyncGenerator<ObjectInfo> {
  try {
    for await (const { Contents } of paginateListObjectsV2({ client }, { Bucket, Prefix })) {
      for (const { Key, Size } of Contents ?? []) if (Key !== undefined) yield { key: Key, bytes: Size ?? 0 }
    }
  } catch (error) {
    throw translateS3Error(error)
  }
}

const TAKE_PREFIX = new Set(['list', 'removePrefix', 'check'])

/** Checks keys and rejects with translated errors; `list` does both itself. */
function translating(store: ObjectStore): ObjectStore {
  const wrapped = Object.entries(store).map(([name, verb]) => [
    name,
    name === 'list'
      ? verb
      : async (...args: unknown[]) => {
          const key = TAKE_PREFIX.has(name) ? undefined : String(args[0])
          if (key !== undefined) assertKey(key)
          try {
            return await (verb as (...args: unknown[]) => unknown)(...args)
          } catch (error) {
            throw translateS3Error(error, key)
          }
        }
  ])
  return Object.fromEntries(wrapped) as ObjectStore // same names, same signatures
}
