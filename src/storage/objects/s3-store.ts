/** Objects in S3 or a server compatible with it. Uses nothing that such servers differ in: no conditional writes. */
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  S3Client
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { AppError, isAppError } from '../../base/errors.ts'
import type { ListedObject, ObjectStore } from '../../domain/ports.ts'
import { giveUpFrozen } from './frozen.ts'
import { assertKey, assertPrefix } from './keys.ts'
import { answeredWithin, PATIENCE_OF_WORKERS, type Patience } from './patience.ts'
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
  /** Default: of a worker. */
  readonly patience?: Patience
}

const CONNECT_TIMEOUT_MS = 5_000
/** Some: what reads a body gives up before its socket does, so that a silence is told from a body that broke. */
const SOCKET_OVER_SILENCE = 1.5

/** Of thousands of parts, at servers that copy them; whether the store is there at all is asked meanwhile. */
const JOINING_MS = 600_000

const DELETE_AT_ONCE = 1000

export function createS3Store(options: S3StoreOptions): ObjectStore & { close(): void } {
  const { bucket, patience = PATIENCE_OF_WORKERS } = options
  const client = createClient(options, patience)
  giveUpFrozen(client, bucket, patience)
  const joiningClient = createClient(options, { ...patience, silenceMs: JOINING_MS })
  const Bucket = bucket
  /** Of a call that moves no file. */
  const answered = <T>(work: (sending: { abortSignal: AbortSignal }) => Promise<T>): Promise<T> =>
    answeredWithin(patience.answerMs, (abortSignal) => work({ abortSignal }))
  const check = async (): Promise<void> => {
    await answered((sending) => client.send(new HeadBucketCommand({ Bucket }), sending))
  }

  const store: ObjectStore = {
    ...createS3Transfers({ client, bucket, patience }),
    ...createS3Uploads({ client, joiningClient, bucket, patience, check }),

    async head(key) {
      try {
        const { ContentLength } = await answered((sending) =>
          client.send(new HeadObjectCommand({ Bucket, Key: key }), sending)
        )
        return { key, bytes: ContentLength ?? 0 }
      } catch (thrown) {
        const error = translateS3Error(thrown, key)
        if (isAppError(error, 'object_not_found')) return null
        throw error
      }
    },

    list: (prefix) => {
      assertPrefix(prefix)
      return listObjects((token) =>
        answered((sending) =>
          client.send(new ListObjectsV2Command({ Bucket, Prefix: prefix, ContinuationToken: token }), sending)
        )
      )
    },

    async removePrefix(prefix) {
      let keys: { Key: string }[] = []
      const removeCollected = async () => {
        if (keys.length === 0) return
        const command = new DeleteObjectsCommand({ Bucket, Delete: { Objects: keys, Quiet: true } })
        const { Errors } = await answered((sending) => client.send(command, sending))
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
      const command = new GetObjectCommand({ Bucket, Key, ResponseContentDisposition })
      return answered(() => getSignedUrl(client, command, { expiresIn }))
    },

    check
  }
  const close = () => {
    client.destroy()
    joiningClient.destroy()
  }
  return { ...translating(store), close }
}

function createClient(options: S3StoreOptions, { silenceMs, maxAttempts }: Patience): S3Client {
  const { credentials, endpoint } = options
  return new S3Client({
    region: options.region,
    forcePathStyle: options.forcePathStyle,
    maxAttempts,
    requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, socketTimeout: SOCKET_OVER_SILENCE * silenceMs },
    // The SDK's newer default adds CRC trailers to every request, which compatible servers do not all understand.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...(endpoint === null ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials })
  })
}

async function* listObjects(
  read: (token: string | undefined) => Promise<ListObjectsV2CommandOutput>
): AsyncGenerator<ListedObject> {
  try {
    for (let token: string | undefined, isMore = true; isMore; ) {
      const { Contents, NextContinuationToken } = await read(token)
      for (const { Key, Size, LastModified } of Contents ?? []) {
        // S3 always says when; what does not say is never taken for old.
        if (Key !== undefined) yield { key: Key, bytes: Size ?? 0, modifiedAt: LastModified ?? new Date() }
      }
      token = NextContinuationToken
      isMore = token !== undefined
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
