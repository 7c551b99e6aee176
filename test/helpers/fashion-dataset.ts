/** Photographs for tests of what is said about images: Fashion-MNIST's, as the demo ships them. */

import { gunzipSync } from 'node:zlib'
import { IMAGES_FILE, readExample, SIZE } from '../../src/demo/fashion-mnist.ts'
import { createDatasetWriter } from '../../src/images/dataset-writer.ts'

const HEADER_BYTES = 16

/** The first images of the file, packed as they are; returns the folder. */
export async function writeFashionDataset(folder: string, images: number): Promise<string> {
  const pixels = gunzipSync(await readExample(IMAGES_FILE)).subarray(HEADER_BYTES)
  const writer = await createDatasetWriter(folder)
  for (let index = 0; index < images; index++) {
    const bytes = pixels.subarray(index * SIZE * SIZE, (index + 1) * SIZE * SIZE)
    await writer.add({ name: `${index}.raw`, format: 'raw', width: SIZE, height: SIZE, channels: 1, label: 0, bytes })
  }
  await writer.finish(['all'])
  return folder
}
