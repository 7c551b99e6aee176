/** What a file is, by its content and never by its name. */
import { isImage } from '../../base/image-formats.ts'
import { createByteReader, readStored } from './byte-reader.ts'
import { isGzip, isIdx } from './idx.ts'
import { isTarHeader } from './tar.ts'

export type FileKind = 'zip' | 'tar' | 'tar.gz' | 'idx' | 'image' | 'other'

const HEAD_BYTES = 512

async function firstBytes(path: string, isGzipped: boolean): Promise<Uint8Array> {
  const reader = createByteReader(readStored(path, isGzipped))
  try {
    return await reader.take(HEAD_BYTES)
  } finally {
    await reader.close()
  }
}

/** Throws what zlib says of a file that begins like gzip and is none. */
export async function fileKind(path: string): Promise<FileKind> {
  const head = await firstBytes(path, false)
  const isZip = head[0] === 0x50 && head[1] === 0x4b && (head[2] === 3 || head[2] === 5)
  if (isZip) return 'zip'
  if (isIdx(head)) return 'idx'
  if (isImage(head)) return 'image'
  if (isTarHeader(head)) return 'tar'
  if (!isGzip(head)) return 'other'
  const inside = await firstBytes(path, true)
  return isIdx(inside) ? 'idx' : isTarHeader(inside) ? 'tar.gz' : 'other'
}
