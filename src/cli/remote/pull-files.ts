/** Files of a model or of a vector set onto the disk: looked at before the first byte, each compared with its hash. */
import { mkdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { type IdKind, idPattern } from '../../base/ids.ts'
import { reachableUrl } from '../../client/object-url.ts'
import type { Artifact } from '../../client/resources.ts'
import { refusal } from '../command.ts'
import { counted } from '../counted.ts'
import type { Output } from '../output.ts'
import { bytesAt, download, partialOf, sha256Of } from './download.ts'
import { size } from './words.ts'

/** Twice what a ViT-g has with its files for others. */
export const MOST_BYTES = 32 * 1024 ** 3
const MOST_FILES = 1000

/** For sentences about what is pulled. */
type Pulled = 'model' | 'vector set'

/**
 * A server's word for a file is no path on this machine until it was looked at. Models have no hidden files, and none without an
 * ending: `.git/config`, or `HEAD` and `config` as in a bare repository, have whoever asks git there, a shell's prompt for one, run a program.
 */
export function placeOf(folder: string, name: string, what: Pulled = 'model'): string {
  const parts = name.split('/')
  const isSafe = parts.every((part) => part !== '' && !part.startsWith('.') && !/[\\:\0]/.test(part))
  const hasEnding = /[^/]\.[a-z0-9]+$/i.test(name)
  if (!isSafe || !hasEnding)
    throw refusal(
      `The server names a file ${JSON.stringify(name)}, which leads out of ${folder} or is no file of a ${what}.`
    )
  return join(folder, ...parts)
}

/** Where nothing was said. An id of the server's is no path on this machine either, and names nothing but a resource of its kind. */
export function folderOf(id: string, kind: Extract<IdKind, 'model' | 'vectorSet'> = 'model'): string {
  if (new RegExp(idPattern(kind)).test(id)) return resolve(id)
  const what: Pulled = kind === 'model' ? 'model' : 'vector set'
  throw refusal(`The server calls the ${what} ${JSON.stringify(id)}, which is no name of a folder: --out FOLDER.`)
}

/**
 * A server says how much it will send, and no disk is filled to find out. @throws AppError invalid_request
 *
 * @returns bytes of all
 */
export function checkSize(
  artifacts: readonly Pick<Artifact, 'name' | 'bytes'>[],
  most: number,
  what: Pulled = 'model'
): number {
  const isSize = ({ bytes }: Pick<Artifact, 'bytes'>) => Number.isSafeInteger(bytes) && bytes >= 0
  if (artifacts.length > MOST_FILES || !artifacts.every(isSize))
    throw refusal(`The server names ${counted(artifacts.length, 'file')}, or sizes that are none: this is no ${what}.`)
  const bytes = artifacts.reduce((sum, one) => sum + one.bytes, 0)
  if (bytes <= most) return bytes
  throw refusal(`The ${what} has ${bytes} bytes, more than ${most}: --max-bytes ${bytes} takes it.`)
}

interface Pulling {
  readonly what: Pulled
  /** Where the server is. */
  readonly url: string
  readonly folder: string
  readonly output: Output
  readonly signal: AbortSignal
  /** The files with addresses that are good for a while. */
  readonly list: () => Promise<readonly Artifact[]>
}

/** Signed addresses end; a long download asks for another one. */
function addressOf(artifact: Artifact, { list, url }: Pulling): () => Promise<string> {
  let current = artifact
  return async () => {
    if (Date.parse(current.expires_at) <= Date.now())
      current = (await list()).find(({ name }) => name === artifact.name) ?? current
    return reachableUrl(current.url, url)
  }
}

/** @returns whether it had to be downloaded. @throws AppError invalid_request when another file is in its place */
async function pullFile(artifact: Artifact, pulling: Pulling): Promise<boolean> {
  const { folder, output, signal, what } = pulling
  const { name, bytes: total, sha256 } = artifact
  const path = placeOf(folder, name, what)
  if ((await bytesAt(path)) > 0) {
    if ((await sha256Of(path, signal)) === sha256) return false
    throw refusal(`${path} is there already and is another file: --out another folder.`)
  }
  await mkdir(dirname(path), { recursive: true })
  const there = await bytesAt(partialOf(path))
  if (there > 0) {
    const text = `${name}: going on after ${size(there)} of ${size(total)}`
    output.show({ type: 'continuing', file: name, bytes: there, total }, text)
  }
  const onProgress = (bytes: number) =>
    output.progress(
      { type: 'downloading', file: name, bytes, total },
      `${name}: ${size(bytes)} of ${size(total)}  ${Math.floor((100 * bytes) / total)} %`
    )
  await download({ artifact, url: addressOf(artifact, pulling), path, signal, onProgress })
  output.show({ type: 'downloaded', file: name, bytes: total, sha256 }, `${name}: ${size(total)}`)
  return true
}

/** @returns how many had to be downloaded */
export async function pullAll(artifacts: readonly Artifact[], pulling: Pulling): Promise<number> {
  let downloaded = 0
  for (const artifact of artifacts) if (await pullFile(artifact, pulling)) downloaded++
  return downloaded
}
