import type { Dirent } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { AppError } from '../../base/errors.ts'
import type { ArchiveFile } from './archive.ts'

export interface FolderFile extends ArchiveFile {
  /** Why it is not looked into. */
  readonly problem?: string
}

/** Real paths of the folders that are read whole. */
type Roots = string[]

/**
 * Every file below a folder, in the order of their names. Links are followed, and what cannot be is there with its reason:
 * links to nothing, in a circle, to a folder that is read already or has one of those in it. So a folder is read once,
 * however its links lead.
 *
 * @throws AppError `source_unreachable` when the folder cannot be listed
 */
export async function* folderFiles(folder: string): AsyncGenerator<FolderFile> {
  yield* filesBelow(folder, '', [await realpath(folder).catch(() => folder)]) // listing it tells what is wrong
}

async function* filesBelow(folder: string, prefix: string, roots: Roots): AsyncGenerator<FolderFile> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw new AppError('source_unreachable', { message: `The folder ${folder} cannot be read.` }, { cause: error })
  })
  entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const entry of entries) {
    const path = join(folder, entry.name)
    const name = `${prefix}${entry.name}`
    const kind = await kindOf(entry, path, roots)
    if (kind === 'folder') yield* filesBelow(path, `${name}/`, roots)
    else yield kind === 'file' ? { path, name } : { path, name, problem: kind.problem }
  }
}

type Kind = 'folder' | 'file' | { readonly problem: string }

const SPECIAL: Kind = { problem: 'It is neither a file nor a folder.' }

async function kindOf(entry: Dirent, path: string, roots: Roots): Promise<Kind> {
  if (entry.isDirectory()) return 'folder'
  if (entry.isFile()) return 'file'
  return entry.isSymbolicLink() ? kindOfLink(path, roots) : SPECIAL
}

async function kindOfLink(path: string, roots: Roots): Promise<Kind> {
  try {
    const target = await stat(path)
    if (target.isFile()) return 'file'
    if (!target.isDirectory()) return SPECIAL
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException // of the system
    const where =
      code === 'ENOENT' ? 'to nothing' : code === 'ELOOP' ? 'in a circle' : `where nothing can be read (${code})`
    return { problem: `The link leads ${where}.` }
  }
  const real = await realpath(path)
  const met = roots.find((root) => isWithin(real, root) || isWithin(root, real))
  if (met !== undefined) return { problem: `The link leads to ${real}, and ${met} is read already.` }
  roots.push(real)
  return 'folder'
}

const isWithin = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`)
