/** Random crops of a packed dataset's images, an epoch at a time, in an order and with draws that the seed and the epoch decide. */
import { openDatasetFolder } from '../images/dataset-folder.ts'
import { createLoaderPool } from '../images/loader-pool.ts'
import type { MultiCropPlan } from '../images/multi-crop.ts'
import { prng } from '../math/prng.ts'
import type { PreprocessTarget } from '../model/preprocess.ts'

/** Keeps the order of a probe's images apart from that of training. */
const ORDER_STREAM = 0x70726f62
/** Images of one message to a loader. */
const SHARE = 64
/** Shares that are made ahead of the one that is waited for. */
const AHEAD = 4

/** `probeCrops` among the settings of a result. */
export const CROPS = 'area 0.08 … 1, flip'

/** RandomResizedCrop and a flip, with torchvision's defaults: all that supervised probes change of an image. */
export const probeCrops = (size: number, { channels, preprocessing: { bits } }: PreprocessTarget): MultiCropPlan => ({
  channels,
  ...(bits && { bits }),
  global: [
    {
      size,
      scale: [0.08, 1],
      aspectRatio: [3 / 4, 4 / 3],
      interpolation: 'bilinear',
      flip: 0.5,
      jitter: { probability: 0, brightness: 0, contrast: 0, saturation: 0, hue: 0 },
      grayscale: 0,
      blur: { probability: 0, sigma: [1, 1] },
      solarize: 0
    }
  ],
  local: []
})

export interface CroppedImages {
  /** Of the dataset. */
  readonly rows: readonly number[]
  /** [rows, S, S, C] */
  readonly pixels: Uint8Array
}

export interface CropBatches {
  /** All of `rows` once, in another order in every epoch. */
  epoch(epoch: number, rows: readonly number[]): AsyncGenerator<CroppedImages>
  close(): Promise<void>
}

export interface CropBatchOptions {
  readonly datasetFolder: string
  readonly plan: MultiCropPlan
  readonly seed: number
  readonly loaders: number
}

export async function openCropBatches({ datasetFolder, plan, seed, loaders }: CropBatchOptions): Promise<CropBatches> {
  const dataset = await openDatasetFolder(datasetFolder)
  const pool = createLoaderPool({ plan, seed }, loaders)
  async function load(epoch: number, rows: readonly number[]): Promise<CroppedImages> {
    const items = rows.map((index) => ({ index, path: dataset.shardPathOf(index), record: dataset.records[index]! }))
    return { rows, pixels: (await pool.load(epoch, items)).global }
  }
  return {
    async *epoch(epoch, rows) {
      const order = Array.from(prng(seed, ORDER_STREAM, epoch).permutation(rows.length), (at) => rows[at]!)
      const coming: Promise<CroppedImages>[] = []
      for (let from = 0; from < order.length; from += SHARE) {
        const share = load(epoch, order.slice(from, from + SHARE))
        share.catch(() => {}) // whoever waits for it gets the error; the reader may have left before
        coming.push(share)
        if (coming.length > AHEAD) yield await coming.shift()!
      }
      for (const share of coming) yield await share
    },
    async close() {
      await pool.close()
      await dataset.close()
    }
  }
}
