/** What is installed: a folder for each engine, whole or not there, with a manifest of what it was made of. */
import { readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { toError } from '../../base/errors.ts'
import { systemCodeOf } from '../../base/system-errors.ts'
import type { Installable } from './wheels.ts'

/** Beside the code, so that every process of one checkout finds the same. */
export const ENGINES_FOLDER = resolve(import.meta.dirname, '../../../.engines')

const MANIFEST_FILE = 'engine.json'

export interface EngineManifest {
  readonly engine: string
  readonly wheels: readonly { readonly name: string; readonly version: string; readonly sha256: string }[]
  readonly files: readonly { readonly path: string; readonly bytes: number }[]
}

/** What `install` writes last. */
export const manifestPath = (folder: string): string => join(folder, MANIFEST_FILE)

/** Null where this is no engine's folder. */
export async function readManifest(folder: string): Promise<EngineManifest | null> {
  let text: string
  try {
    text = await readFile(manifestPath(folder), 'utf8')
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes(systemCodeOf(error))) return null
    throw error
  }
  try {
    const { engine, wheels, files } = JSON.parse(text) as Partial<EngineManifest>
    return typeof engine === 'string' && Array.isArray(wheels) && Array.isArray(files)
      ? { engine, wheels, files }
      : null
  } catch (error) {
    if (toError(error) instanceof SyntaxError) return null
    throw error
  }
}

/** For the end of a sentence; null when the engine is there, of the wheels that are pinned, with all of its files. */
export async function whyNotInstalled({ name, wheels }: Installable, folder: string): Promise<string | null> {
  const manifest = await readManifest(folder)
  if (manifest === null) return `${name} is not installed`
  const hashes = (of: EngineManifest['wheels']): string => of.map(({ sha256 }) => sha256).join()
  if (manifest.engine !== name) return `${folder} is ${manifest.engine} and not ${name}`
  if (hashes(manifest.wheels) !== hashes(wheels)) return `${name} is installed from other wheels than are pinned here`
  for (const { path, bytes } of manifest.files) {
    const found = await stat(join(folder, path)).catch(() => null) // whatever keeps it from being read
    if (found?.size !== bytes) return `${path} of ${name} is ${found ? 'damaged' : 'missing'}`
  }
  return null
}
