/** Images of 16 bits a sample before they are brought to 8: how much of the range they use, and what is left of them. */
import { type Bits, bitsFor } from '../recipe/bits.ts'
import type { Image, ImageInfo } from './image.ts'

export interface Words extends Omit<Image, 'data'> {
  readonly data: Uint16Array
}

/** Formats that do not tell how many bits of their words are used. AVIF does, and its decoder spreads them over the range. */
export const SILENT_FORMATS: readonly string[] = ['png', 'tiff']

/** Whether `bits` says how the image is read. */
export const takesBits = ({ isDeep, format }: Pick<ImageInfo, 'isDeep' | 'format'>): boolean =>
  isDeep && SILENT_FORMATS.includes(format)

export function bitsOf({ data }: Words): Bits {
  let largest = 0
  for (let i = 0; i < data.length; i++) if (data[i]! > largest) largest = data[i]!
  return bitsFor(largest)
}

/** The upper 8 of so many bits; what is above their range becomes 255. */
export function toBytes({ data, ...shape }: Words, bits: Bits): Image {
  const shift = bits - 8
  const bytes = new Uint8Array(data.length)
  for (let i = 0; i < data.length; i++) bytes[i] = Math.min(255, data[i]! >> shift)
  return { data: bytes, ...shape }
}
