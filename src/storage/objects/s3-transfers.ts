/** Bodies into S3 and out of it. */
import { createReadStream, createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { invariant, isAppError } from '../../base/errors.ts'
import type { ObjectStore } from '../../domain/ports.ts'
import { publishFile } from './folder-files.ts'
import { answeredWithin, moving, type Patience } from './patience.ts'
import { translateS3Error } from './s3-errors.ts'

/** S3 takes at most 10 000 parts, and none but the last below 5 MiB. */
const PART_BYTES = 8 * 1024 * 1024
const MOST_PARTS = 9_000
const PARTS_AT_ONCE = 3

/** The SDK repeats requests, but not bodies that break off half-way. */
const BODY_ATTEMPTS = 3

type TransferVerbs = 'put' | 'putFile' | 'get' | 'getRange' | 'getFile'

interface Transfers {
  readonly client: S3Client
  readonly bucket: string
  readonly patience: Patience
}

/** What goes in is watched by the client's socket timeout, which a byte in either direction puts off. */
export function createS3Transfers({ client, bucket, patience }: Transfers): Pick<ObjectStore, TransferVerbs> {
  const Bucket = bucket
  const { answerMs, silenceMs } = patience
  const upload = async (Key: string, Body: Readable, more: { ContentType?: string; partSize?: number }) => {
    const { partSize = PART_BYTES, ...headers } = more
    const params = { Bucket, Key, Body, ...headers }
    await new Upload({ client, params, partSize, queueSize: PARTS_AT_ONCE, leavePartsOnError: false }).done()
  }

  /** Again from the start when the body breaks off, but not after a silence: another would follow. */
  const download = async <T>(key: string, consume: (body: Body) => Promise<T>, Range?: string): Promise<T> => {
    const command = new GetObjectCommand({ Bucket, Key: key, ...(Range ? { Range } : {}) })
    for (let attempt = 1; ; attempt++) {
      try {
        const { Body } = await answeredWithin(answerMs, (abortSignal) => client.send(command, { abortSignal }))
        invariant(Body instanceof Readable, 'the SDK gives streams in Node')
        return await consume(moving(Body, silenceMs))
      } catch (thrown) {
        const error = translateS3Error(thrown, key)
        const isBroken = isAppError(error, 'storage_unavailable') && error !== thrown
        if (!isBroken || attempt === BODY_ATTEMPTS) throw error
      }
    }
  }

  return {
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

    getFile: (key, path, options = {}) =>
      publishFile(dirname(path), path, (partial) =>
        download(key, (body) => pipeline(body, createWriteStream(partial), options))
      )
  }
}

type Body = AsyncGenerator<Buffer>

const readAll = async (body: Body): Promise<Uint8Array> => {
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(chunk)
  return new Uint8Array(Buffer.concat(chunks))
}
