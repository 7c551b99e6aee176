/** What `kappa upload` sends: files as they are, folders as one tar. */
import { createHash } from 'node:crypto'
import { open, realpath, stat } from 'node:fs/promises'
import { basename, resolve, sep } from 'node:path'
import { SNIFFED_BYTES, sniffFormat } from '../../base/image-formats.ts'
import { folderFiles } from '../../images/sources/folder.ts'
import { judgeName } from '../../images/sources/names.ts'
import type { UploadSource } from '../../sdk/uploads.ts'
import { refusal } from '../command.ts'
import { found, isPacked } from '../sources.ts'
import { createTar, type TarFile } from './tar.ts'

export interface LocalSource extends UploadSource {
  readonly path: string
  /** Another one when names, lengths or times of its files are others. */
  readonly fingerprint: string
  /** How many files it is made of. */
  readonly files: number
}

function fingerprintOf(files: readonly TarFile[]): string {
  const hash = createHash('sha256')
  for (const { name, bytes, mtimeMs } of files) hash.update(`${JSON.stringify([name, bytes, mtimeMs])}\n`)
  return hash.digest('hex')
}

async function fileSource(path: string): Promise<LocalSource> {
  const { size: bytes, mtimeMs } = await stat(path)
  if (bytes === 0) throw refusal(`${path} is empty.`)
  const name = basename(path)
  const fingerprint = fingerprintOf([{ name, path, bytes, mtimeMs }])
  async function read(start: number, end: number): Promise<Uint8Array> {
    const handle = await open(path)
    try {
      const part = Buffer.alloc(end - start)
      const now = await handle.stat()
      let length = 0
      while (length < part.length) {
        const { bytesRead } = await handle.read(part, length, part.length - length, start + length)
        if (bytesRead === 0 || now.mtimeMs !== mtimeMs)
          throw refusal(`${path} has changed while it was uploaded: upload it again.`)
        length += bytesRead
      }
      return part
    } finally {
      await handle.close()
    }
  }
  return { path, filename: name, bytes, fingerprint, files: 1, read }
}

/**
 * A folder that came from elsewhere may have a link `cat.jpg` to a private key: of what lies outside of it only images leave this machine.
 * Folders of links to images are common, and stay.
 */
async function checkLink(path: string, root: string): Promise<void> {
  const real = await realpath(path)
  if (real.startsWith(`${root}${sep}`)) return
  const handle = await open(real)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(SNIFFED_BYTES), 0, SNIFFED_BYTES, 0)
    if (sniffFormat(buffer.subarray(0, bytesRead)) !== null) return
  } finally {
    await handle.close()
  }
  throw refusal(`${path} is a link to ${real}, which is outside of the folder and no image: remove the link.`)
}

/** What nobody would take as an image, hidden files and the like, is left out here already. */
async function filesOf(folder: string): Promise<TarFile[]> {
  const files: TarFile[] = []
  const root = await realpath(folder)
  for await (const { name, path, problem } of folderFiles(folder)) {
    if (judgeName(name).kind !== 'file') continue
    if (problem !== undefined) throw refusal(`${path} cannot be uploaded. ${problem}`)
    await checkLink(path, root)
    const { size: bytes, mtimeMs } = await stat(path)
    files.push({ name, path, bytes, mtimeMs })
  }
  return files
}

async function folderSource(folder: string): Promise<LocalSource> {
  if (await isPacked(folder))
    throw refusal(`${folder} is a packed dataset, which a server does not take: upload the images it was packed of.`)
  const files = await filesOf(folder)
  if (files.length === 0) throw refusal(`${folder} holds no file to upload.`)
  const tar = createTar(files)
  const filename = `${basename(folder) || 'images'}.tar`
  return { path: folder, filename, fingerprint: fingerprintOf(files), files: files.length, ...tar }
}

/** @throws AppError invalid_request naming the path */
export async function sourcesOf(paths: readonly string[]): Promise<LocalSource[]> {
  const sources: LocalSource[] = []
  for (const path of paths.map((one) => resolve(one))) {
    const isFolder = (await found('PATH', path)).isDirectory()
    if (isFolder && paths.length > 1) throw refusal(`${path} is a folder, and a folder is uploaded alone.`)
    sources.push(isFolder ? await folderSource(path) : await fileSource(path))
  }
  return sources
}
