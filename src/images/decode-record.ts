/** An image of a packed dataset, from its stored bytes. */
import type { Bits } from '../recipe/bits.ts'
import type { ImageRecord } from './dataset-folder.ts'
import { decodePacked } from './decode.ts'
import type { Image } from './image.ts'

/** @throws AppError image_invalid where the bytes are damaged */
export async function decodeRecord(
  data: Uint8Array,
  record: Pick<ImageRecord, 'format' | 'width' | 'height' | 'channels'>,
  bits?: Bits
): Promise<Image> {
  const { format, width, height, channels } = record
  if (format === 'raw') return { data, width, height, channels }
  return decodePacked(data, { format, channels }, bits)
}
