/**
 * Puts an engine onto this machine: wheels from pip or from a folder, their hashes, the files that are kept, a manifest, and
 * then one rename. A killed installation leaves a folder that the next one removes; of two at once the later one finds
 * what it was about to make.
 */
import { readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AppError, type FieldError, isAppError } from '../../base/errors.ts'
import { systemCodeOf, writing } from '../../base/system-errors.ts'
import { createWorkFolders } from '../../base/work-folders.ts'
import { type EngineManifest, manifestPath, readManifest, whyNotInstalled } from './installed.ts'
import { downloadWheel } from './pip.ts'
import { type UnpackedFile, unpackWheel } from './unpack-wheel.ts'
import type { Installable, Wheel } from './wheels.ts'

export interface InstallOptions {
  /** New, or an engine's that was installed before. */
  readonly folder: string
  /** Where the wheels are; without it pip brings them. */
  readonly wheelsFolder?: string | undefined
  readonly signal?: AbortSignal
  /** Called before each wheel, the first with 1. */
  onWheel?(wheel: Wheel, number: number): void
}

/** Unfinished folders lie beside the finished ones, where a rename can take them. */
const UNFINISHED = '.unfinished'

/**
 * @returns whether anything had to be done
 * @throws AppError archive_invalid for a wheel that is not the pinned one; engine_unavailable with the files to bring when pip
 * cannot; invalid_request when the folder is something else or wheels are missing; storage_full; the signal's reason
 */
export async function install(engine: Installable, options: InstallOptions): Promise<boolean> {
  const { folder } = options
  if ((await whyNotInstalled(engine, folder)) === null) return false
  await checkReplaceable(folder)
  if (options.wheelsFolder !== undefined) await checkWheels(engine, options.wheelsFolder)
  const root = join(dirname(folder), UNFINISHED)
  const unfinished = createWorkFolders(root)
  await writing(unfinished.removeStale())
  const work = await writing(unfinished.make(engine.name))
  try {
    await make(engine, join(work, 'engine'), { ...options, work })
    await place(engine, { made: join(work, 'engine'), folder, aside: join(work, 'before') })
  } finally {
    await unfinished.remove(work)
    await rmdir(root).catch(() => {}) // another installation has its folder there
  }
  return true
}

/** What is not an engine's folder is somebody's, and stays. */
async function checkReplaceable(folder: string): Promise<void> {
  if ((await readManifest(folder)) !== null) return
  try {
    await rmdir(folder) // an empty one is as good as none
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return
    throw new AppError('invalid_request', { message: `${folder} is there already, and no engine was installed in it.` })
  }
}

async function make(engine: Installable, into: string, options: InstallOptions & { work: string }): Promise<void> {
  const files: UnpackedFile[] = []
  for (const [i, wheel] of engine.wheels.entries()) {
    options.onWheel?.(wheel, i + 1)
    files.push(...(await bring(engine, wheel, into, options)))
    options.signal?.throwIfAborted()
  }
  const wheels = engine.wheels.map(({ name, version, sha256 }) => ({ name, version, sha256 }))
  const manifest: EngineManifest = { engine: engine.name, wheels, files }
  await writing(writeFile(manifestPath(into), `${JSON.stringify(manifest, null, 2)}\n`, { flag: 'wx', flush: true }))
}

async function bring(
  engine: Installable,
  wheel: Wheel,
  into: string,
  { wheelsFolder, work, signal }: InstallOptions & { work: string }
): Promise<UnpackedFile[]> {
  if (wheelsFolder !== undefined) return unpackWheel(join(wheelsFolder, wheel.file), wheel, into)
  const path = await downloadWheel(wheel, work, signal).catch((error: unknown) => {
    throw isAppError(error) ? withFiles(error, engine) : error
  })
  const files = await unpackWheel(path, wheel, into)
  await rm(path)
  return files
}

const MEBIBYTE = 1024 * 1024

const named = (wheels: readonly Wheel[]): FieldError[] =>
  wheels.map(({ file, bytes }) => ({ path: file, message: `(${Math.ceil(bytes / MEBIBYTE)} MiB)` }))

const withFiles = ({ code, message }: AppError, { name, wheels }: Installable): AppError =>
  new AppError(code, {
    message: `${message}. kappa engine install ${name} --wheels FOLDER takes these files of PyPI from a folder.`,
    errors: named(wheels)
  })

async function checkWheels({ name, wheels }: Installable, folder: string): Promise<void> {
  const there = new Set(await readdir(folder))
  const missing = wheels.filter(({ file }) => !there.has(file))
  if (missing.length === 0) return
  throw new AppError('invalid_request', {
    message: `${folder} lacks ${missing.length} of the ${wheels.length} wheels of ${name}.`,
    errors: named(missing)
  })
}

interface Places {
  readonly made: string
  readonly folder: string
  /** Where what was there before goes, to be removed. */
  readonly aside: string
}

/** More than one more is never needed unless somebody else keeps installing. */
const ATTEMPTS = 5

async function place(engine: Installable, { made, folder, aside }: Places): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await rename(made, folder)
    } catch (error) {
      if (!['ENOTEMPTY', 'EEXIST'].includes(systemCodeOf(error)) || attempt === ATTEMPTS) throw error
    }
    // Another installation was faster; what was just made is the same and is dropped.
    if ((await whyNotInstalled(engine, folder)) === null) return
    await rename(folder, `${aside}-${attempt}`).catch((error: unknown) => {
      if (systemCodeOf(error) !== 'ENOENT') throw error
    })
  }
}
