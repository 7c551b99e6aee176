/** Files and sockets that this process has open, as Linux tells them. */
import { existsSync } from 'node:fs'
import { readdir, readlink } from 'node:fs/promises'

const FOLDER = '/proc/self/fd'

export const CAN_LIST_OPEN_FILES = existsSync(FOLDER)

export interface OpenFiles {
  /** Paths, in order. */
  readonly files: readonly string[]
  readonly sockets: number
}

export async function listOpenFiles(): Promise<OpenFiles> {
  const names = await readdir(FOLDER)
  // The listing itself was one of them.
  const targets = await Promise.all(names.map((name) => readlink(`${FOLDER}/${name}`).catch(() => '')))
  return {
    files: targets.filter((target) => target.startsWith('/') && !target.startsWith('/proc/')).sort(),
    sockets: targets.filter((target) => target.startsWith('socket:')).length
  }
}
