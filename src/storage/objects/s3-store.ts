/** Objects in S3 or a server compatible with it. Uses nothing that such servers differ in: no conditional writes. */
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  paginateListObjectsV2,
  S3Client
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { AppError, isAppError } from '../../base/errors.ts'
import type { ListedObject, ObjectStore } from '../../domain/ports.ts'
import { assertKey, assertPrefix } from './keys.ts'
import { translateS3Error } from './s3-errors.ts'
import { createS3Transfers } from './s3-transfers.ts'
import { createS3Uploads } from './s3-uploads.ts'

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

const DELETE_AT_ONCE = 1000

export function createS3Store(options: S3StoreOptions): ObjectStore & { close(): void } {
  const client = createClient(options)
  const { bucket: Bucket } = options

  const store: ObjectStore = {
    ...createS3Transfers(client, Bucket),
    ...createS3Uploads(client, Bucket),

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

function createClient(options: S3StoreOptions): S3Client {
  const { credentials, endpoint } = options
  return new S3Client({
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
}

async function* listObjects(client: S3Client, Bucket: string, Prefix: string): AsyncGenerator<ListedObject> {
  try {
    for await (const { Contents } of paginateListObjectsV2({ client }, { Bucket, Prefix })) {
      for (const { Key, Size, LastModified } of Contents ?? []) {
        // S3 always says when; what does not say is never taken for old.
        if (Key !== undefined) yield { key: Key, bytes: Size ?? 0, modifiedAt: LastModified ?? new Date() }
      }
    }
  } catch (error) {
    throw translateS3Error(error)
  }
}

const TAKE_PREFIX = new Set(['list', 'removePrefix', 'listUploads', 'check'])

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
