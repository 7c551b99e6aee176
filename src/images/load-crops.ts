/** From stored bytes to the crops of a few images: the work of one loader, in a thread of its own or in the caller's. */
import { closeSync, openSync, readSync } from 'node:fs'
import { AppError, isAppError } from '../base/errors.ts'
import type { ImageRecord } from './dataset-folder.ts'
import { decodeRecord } from './decode-record.ts'
import type { Image } from './image.ts'
import { allocateCrops, type CropBatch, type MultiCropPlan, multiCropInto } from './multi-crop.ts'

/** An image of the dataset and where its bytes are. */
export interface LoadItem {
  readonly index: number
  readonly path: string
  readonly record: ImageRecord
}

export interface LoadJob {
  readonly id: number
  readonly epoch: number
  readonly items: readonly LoadItem[]
}

export interface CropLoader {
  /** @throws AppError naming the image that is broken */
  load(job: LoadJob): Promise<CropBatch>
  close(): void
}

function brokenImage({ index, record }: LoadItem, error: unknown): unknown {
  if (!isAppError(error)) return error
  const message = `Image ${index} (${record.name}): ${error.message}`
  return new AppError(error.code, { ...error.details, message, index, name: record.name }, { cause: error })
}

export function createCropLoader({ plan, seed }: { plan: MultiCropPlan; seed: number }): CropLoader {
  const files = new Map<string, number>()

  function read({ path, record, index }: LoadItem): Uint8Array {
    const file = files.get(path) ?? openSync(path, 'r')
    files.set(path, file)
    const bytes = new Uint8Array(record.bytes)
    const count = readSync(file, bytes, 0, record.bytes, record.offset)
    if (count === record.bytes) return bytes
    const message = `Image ${index} (${record.name}) ends after ${count} of ${record.bytes} bytes: the shard is damaged.`
    throw new AppError('storage_unavailable', { message, index, name: record.name })
  }

  async function decode(item: LoadItem): Promise<Image> {
    const bytes = read(item)
    try {
      return await decodeRecord(bytes, item.record, plan.bits)
    } catch (error) {
      throw brokenImage(item, error)
    }
  }

  async function load({ items, epoch }: LoadJob): Promise<CropBatch> {
    const batch = allocateCrops(plan, items.length)
    let coming: Promise<Image> | null = null
    for (const [position, item] of items.entries()) {
      const image: Image = await (coming ?? decode(item))
      const next = items[position + 1]
      // libvips decodes the next image in its own thread while this one is cropped.
      coming = next === undefined ? null : decode(next)
      coming?.catch(() => {}) // awaited above in the next round; until then it must not count as unhandled
      multiCropInto(batch, image, { plan, position, key: { seed, epoch, index: item.index } })
    }
    return batch
  }

  return {
    load,
    close() {
      for (const file of files.values()) closeSync(file)
      files.clear()
    }
  }
}
