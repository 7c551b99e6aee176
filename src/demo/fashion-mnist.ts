/** The 10,000 test images of Fashion-MNIST that ship in examples/, as PNG files and as numbers. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { crc32, deflateSync, gunzipSync } from 'node:zlib'

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

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, checksum])
}

/** An 8-bit gray PNG: the container that users' images come in, so the demo takes the same road. */
export function encodePng(gray: Uint8Array, width: number, height: number): Uint8Array {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header[8] = 8
  const rows = Buffer.alloc((width + 1) * height)
  for (let y = 0; y < height; y++) rows.set(gray.subarray(y * width, (y + 1) * width), y * (width + 1) + 1)
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0))
  ])
}

function take(images: Buffer, labels: Buffer, isIn: (position: number) => boolean): Split {
  const positions = Array.from({ length: labels.length - 8 }, (_, position) => position).filter(isIn)
  const pixels = new Float32Array(positions.length * PIXELS)
  const pngs = positions.map((position, row) => {
    const gray = images.subarray(16 + position * PIXELS, 16 + (position + 1) * PIXELS)
    pixels.set(gray, row * PIXELS)
    return encodePng(gray, SIZE, SIZE)
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
