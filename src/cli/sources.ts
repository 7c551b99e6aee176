/** What a flag names on the disk: whether it is there, and what kind of thing. */
import type { Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { folderFiles } from '../images/sources/folder.ts'
import { refusal } from './command.ts'
import { systemReason } from './failures.ts'

/** Links are followed. @throws AppError invalid_request when there is nothing at the path, or it cannot be looked at */
export async function found(flag: string, path: string): Promise<Stats> {
  return stat(path).catch((error: unknown) => {
    throw refusal(`--${flag} ${resolve(path)}: ${systemReason(error)}.`)
  })
}

/** A folder that `kappa train` or an ingest has packed. */
export const isPacked = async (folder: string): Promise<boolean> =>
  (await stat(join(folder, 'manifest.json')).catch(() => null)) !== null // reading it tells the rest

/** Of images. @throws AppError invalid_request when there is nothing, or a folder without a file */
export async function checkImages(flag: string, path: string): Promise<'packed' | 'folder' | 'file'> {
  if (!(await found(flag, path)).isDirectory()) return 'file'
  if (await isPacked(path)) return 'packed'
  for await (const _ of folderFiles(path)) return 'folder'
  throw refusal(`--${flag} ${resolve(path)} is an empty folder.`)
}
