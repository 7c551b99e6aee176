/** One image of this machine, for a request about it. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { READ_FORMATS, sniffFormat } from '../../base/image-formats.ts'
import { refusal } from '../command.ts'
import { found } from '../sources.ts'

/** Above what the API takes of an image unless it is told otherwise; it is the API that refuses by its own limit. */
const MOST_BYTES = 64 * 1024 * 1024

/** @throws AppError invalid_request for what is no image: it does not leave this machine */
export async function imageAt(path: string): Promise<Uint8Array> {
  const about = await found('IMAGE', path)
  if (!about.isFile()) throw refusal(`${resolve(path)} is no file.`)
  if (about.size > MOST_BYTES) throw refusal(`${resolve(path)} has ${about.size} bytes; ${MOST_BYTES} are the most.`)
  const bytes = await readFile(path)
  if (sniffFormat(bytes) === null) throw refusal(`${resolve(path)} is no ${READ_FORMATS} file.`)
  return bytes
}
