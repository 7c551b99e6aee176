/** JPEGs of 500 × 375 pixels and about 60 KB, as photographs of ImageNet are: noise of every scale, the coarser the stronger. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { prng } from '../../src/math/prng.ts'

const QUALITY = 90
/** How much stronger noise twice as coarse is, as a power of two. Photographs have 1/f. */
const SLOPE = 0.5
const LIGHT = 128
const STRENGTH = 7

type Size = readonly [width: number, height: number]

/** Adds noise that changes every `cell` pixels, with lines between. */
function addOctave(into: Float64Array, [width, height]: Size, cell: number, random: ReturnType<typeof prng>): void {
  const across = Math.ceil(width / cell) + 2
  const grid = Float64Array.from({ length: across * (Math.ceil(height / cell) + 2) * 3 }, () =>
    random.uniformBetween(-1, 1)
  )
  const strength = STRENGTH * cell ** SLOPE
  for (let at = 0; at < into.length; at++) {
    const [x, y] = [(Math.trunc(at / 3) % width) / cell, Math.trunc(at / 3 / width) / cell]
    const [right, down] = [x % 1, y % 1]
    const corner = (Math.trunc(y) * across + Math.trunc(x)) * 3 + (at % 3)
    const top = grid[corner]! * (1 - right) + grid[corner + 3]! * right
    const bottom = grid[corner + across * 3]! * (1 - right) + grid[corner + across * 3 + 3]! * right
    into[at]! += strength * (top * (1 - down) + bottom * down)
  }
}

async function photo(size: Size, random: ReturnType<typeof prng>): Promise<Buffer> {
  const [width, height] = size
  const light = new Float64Array(width * height * 3).fill(LIGHT)
  for (let cell = 1; cell <= Math.max(...size); cell *= 2) addOctave(light, size, cell, random)
  const data = Uint8ClampedArray.from(light)
  return sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: QUALITY })
    .toBuffer()
}

/** The same ones every time: their files in `folder`, and their bytes. */
export async function writePhotos(folder: string, count: number): Promise<readonly Buffer[]> {
  await mkdir(folder, { recursive: true })
  const random = prng(1)
  const photos: Buffer[] = []
  for (let i = 0; i < count; i++) {
    const bytes = await photo(i % 3 === 0 ? [375, 500] : [500, 375], random)
    await writeFile(join(folder, `${String(i).padStart(5, '0')}.jpg`), bytes)
    photos.push(bytes)
  }
  return photos
}
