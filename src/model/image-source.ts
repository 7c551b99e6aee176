/** Images of a dataset as the backbone is served them; noise where there is no dataset. */
import { type DatasetFolder, openDatasetFolder } from '../images/dataset-folder.ts'
import { decodeRecord } from '../images/decode-record.ts'
import { prng } from '../math/prng.ts'
import { type PreprocessTarget, preprocessImage } from './preprocess.ts'

/** Keeps noise images apart from every other use of the recipe's seed. */
const NOISE_STREAM = 0x6e6f6973

/** A batch is [S, S, C] bytes an image. */
export interface ImageSource {
  /** 0 when there is no dataset: noise can check a program, but nothing can be counted on it. */
  readonly datasetImages: number
  /** At most `limit` images, evenly spread over the dataset, since datasets are often sorted by class. */
  batches(limit: number, size: number): AsyncGenerator<Uint8Array[]>
  close(): Promise<void>
}

export interface ImageSourceOptions {
  readonly target: PreprocessTarget
  /** Of the noise. */
  readonly seed: number
}

export async function openImageSource(
  folder: string | null,
  { target, seed }: ImageSourceOptions
): Promise<ImageSource> {
  const dataset = folder === null ? null : await openDatasetFolder(folder)
  const total = dataset?.records.length ?? 0
  const load = async (place: number, limit: number): Promise<Uint8Array> =>
    dataset === null
      ? noise(seed, place, target)
      : pixelsOf(dataset, Math.floor((place * total) / Math.min(limit, total)), target)

  return {
    datasetImages: total,
    async *batches(limit, size) {
      const count = dataset === null ? limit : Math.min(limit, total)
      for (let from = 0; from < count; from += size) {
        const places = Array.from({ length: Math.min(size, count - from) }, (_, i) => from + i)
        yield await Promise.all(places.map((place) => load(place, limit)))
      }
    },
    close: async () => dataset?.close()
  }
}

async function pixelsOf(dataset: DatasetFolder, index: number, target: PreprocessTarget): Promise<Uint8Array> {
  const bytes = await dataset.read(index)
  return preprocessImage(await decodeRecord(bytes, dataset.records[index]!, target.preprocessing.bits), target)
}

function noise(seed: number, place: number, { preprocessing: { crop }, channels }: PreprocessTarget): Uint8Array {
  const random = prng(seed, NOISE_STREAM, place)
  return Uint8Array.from({ length: crop * crop * channels }, () => random.integer(256))
}
