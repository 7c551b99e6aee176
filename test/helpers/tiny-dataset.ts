import { createDatasetWriter } from '../../src/images/dataset-writer.ts'
import { prng } from '../../src/math/prng.ts'

const SIDE = 12
const DIRECTIONS = ['horizontal', 'vertical', 'falling', 'rising']

/** A packed dataset of gray 12-pixel images: bars of four directions in noise, labelled by direction. */
export async function writeTinyDataset(
  folder: string,
  images = 40,
  classes = DIRECTIONS,
  nameOf = (index: number, label: number) => `${label}/${index}.raw`
): Promise<string> {
  const writer = await createDatasetWriter(folder)
  for (let index = 0; index < images; index++) {
    const label = index % 4
    await writer.add({
      name: nameOf(index, label),
      format: 'raw',
      width: SIDE,
      height: SIDE,
      channels: 1,
      label,
      bytes: barImage(index, label)
    })
  }
  await writer.finish(classes)
  return folder
}

export function barImage(index: number, label: number): Uint8Array {
  const random = prng(11, index)
  const offset = random.integer(4)
  return Uint8Array.from({ length: SIDE * SIDE }, (_, i) => {
    const x = i % SIDE
    const y = Math.floor(i / SIDE)
    const along = [y, x, x + y, x - y + SIDE][label]!
    return ((along + offset) % 4 < 2 ? 180 : 40) + random.integer(40)
  })
}
