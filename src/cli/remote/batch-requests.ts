/** Requests of a batch as a file of this machine: one that is there, or one that is written of images and thrown away. */

import { openAsBlob } from 'node:fs'
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AppError } from '../../base/errors.ts'
import { writing } from '../../base/system-errors.ts'
import { type BatchLine, batchLine } from '../../sdk/batches.ts'
import { counted } from '../counted.ts'
import type { Output } from '../output.ts'
import { chunksOf, type Origin } from './local-images.ts'

export interface ImageRequests {
  readonly origins: readonly Origin[]
  readonly wish: Omit<BatchLine, 'customId' | 'images'>
  readonly output: Output
  readonly signal: AbortSignal
}

/** What a line may be called by; longer names keep their ends, which tell files apart. */
const MOST_ID_CHARACTERS = 512

async function write(file: FileHandle, { origins, wish, output, signal }: ImageRequests): Promise<number> {
  let images = 0
  for await (const chunk of chunksOf(origins)) {
    signal.throwIfAborted()
    for (const { name, code, message } of chunk.unusable)
      output.show({ type: 'unusable', name, code, message }, `left out ${name}: ${message}`)
    for (const { name, bytes } of chunk.images)
      await writing(
        file.writeFile(`${batchLine({ ...wish, customId: name.slice(-MOST_ID_CHARACTERS), images: [bytes] })}\n`)
      )
    images += chunk.images.length
    output.progress({ type: 'preparing', images }, `${counted(images, 'image')} read`)
  }
  return images
}

/** A line an image, called by its name. @throws AppError dataset_empty */
export async function withImageRequests<T>(
  requests: ImageRequests,
  use: (file: Blob, images: number) => Promise<T>
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'kappa-batch-'))
  try {
    const path = join(folder, 'requests.jsonl')
    const file = await open(path, 'w')
    const images = await write(file, requests).finally(() => file.close())
    if (images === 0) throw new AppError('dataset_empty', { message: 'There is no image that can be read.' })
    return await use(await openAsBlob(path), images)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
