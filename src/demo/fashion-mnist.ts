/** The 10,000 test images of Fashion-MNIST that ship in examples/, as PNG files and as numbers. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { encodePng } from '../base/png.ts'

export const CLASSES = [
  'T-shirt/top',
  'Trouser',
  'Pullover',
  'Dress',
  'Coat',
  'Sandal',
  'Shirt',
  'Sneaker',
  'Bag',
  'Ankle boot'
] as const

export const SIZE = 28
const PIXELS = SIZE * SIZE
const FOLDER = resolve(import.meta.dirname, '../../examples/fashion-mnist')

export const IMAGES_FILE = 't10k-images-idx3-ubyte.gz'
export const LABELS_FILE = 't10k-labels-idx1-ubyte.gz'

export interface Split {
  /** Position of each image in the file. */
  readonly positions: readonly number[]
  readonly labels: readonly number[]
  readonly pngs: readonly Uint8Array[]
  /** [images, 784], 0…255. */
  readonly pixels: Float32Array
}

export const readExample = (name: string): Promise<Buffer> => readFile(resolve(FOLDER, name))

function take(images: Buffer, labels: Buffer, isIn: (position: number) => boolean): Split {
  const positions = Array.from({ length: labels.length - 8 }, (_, position) => position).filter(isIn)
  const pixels = new Float32Array(positions.length * PIXELS)
  const pngs = positions.map((position, row) => {
    const gray = images.subarray(16 + position * PIXELS, 16 + (position + 1) * PIXELS)
    pixels.set(gray, row * PIXELS)
    return encodePng({ width: SIZE, height: SIZE, channels: 1, bytes: gray })
  })
  return { positions, labels: positions.map((position) => labels[8 + position]!), pngs, pixels }
}

/** Every tenth image is held out: 9,000 to train on, 1,000 to be judged by. */
export async function loadSplits(): Promise<{ train: Split; heldOut: Split }> {
  const images = gunzipSync(await readExample(IMAGES_FILE))
  const labels = gunzipSync(await readExample(LABELS_FILE))
  return {
    train: take(images, labels, (position) => position % 10 !== 0),
    heldOut: take(images, labels, (position) => position % 10 === 0)
  }
}
