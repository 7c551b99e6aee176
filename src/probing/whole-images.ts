/** Images of a packed dataset as the model sees them when it serves: resized and cut by its own rule. */
import { openDatasetFolder } from '../images/dataset-folder.ts'
import { decodeRecord } from '../images/decode-record.ts'
import { type PreprocessTarget, preprocessImage } from '../model/preprocess.ts'

/** Images that go through the network together. */
const SHARE = 64

export interface WholeImages {
  readonly rows: readonly number[]
  /** [rows, S, S, C] */
  readonly pixels: Uint8Array
}

export async function* wholeImages(
  datasetFolder: string,
  rows: readonly number[],
  target: PreprocessTarget
): AsyncGenerator<WholeImages> {
  const dataset = await openDatasetFolder(datasetFolder)
  const { crop } = target.preprocessing
  const bytes = crop * crop * target.channels
  async function read(row: number): Promise<Uint8Array> {
    const stored = await dataset.read(row)
    return preprocessImage(await decodeRecord(stored, dataset.records[row]!, target.preprocessing.bits), target)
  }
  try {
    for (let from = 0; from < rows.length; from += SHARE) {
      const share = rows.slice(from, from + SHARE)
      const images = await Promise.all(share.map(read))
      const pixels = new Uint8Array(share.length * bytes)
      for (const [i, image] of images.entries()) pixels.set(image, i * bytes)
      yield { rows: share, pixels }
    }
  } finally {
    await dataset.close()
  }
}
