/**
 * Compiled programs on disk, for a program of a training step takes a minute to compile and half a second to load. A folder
 * can be shared by processes, and any of them may be killed at any time.
 */
import { createHash } from 'node:crypto'
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import { digestOf, writeDurably } from '../../base/durable-files.ts'
import { AppError, toError } from '../../base/errors.ts'
import { systemCodeOf } from '../../base/system-errors.ts'
import type { XlaClient } from './client.ts'
import { encodeCompileOptions, type XlaCompileOptions } from './compile-options.ts'
import type { XlaExecutable } from './executable.ts'

export interface ProgramCacheOptions {
  /** Made when something is kept. */
  readonly folder: string
  /** Of all programs together; those that were not used for longest make room. */
  readonly maxBytes: number
  /** Of a client on the CPU, all cores by default: loops are divided among them when they are compiled. */
  readonly threads?: number | undefined
  /** Hears why a program could not be read or kept, which stops nobody. */
  readonly onProblem?: (error: Error) => void
}

export interface CachedProgram {
  readonly executable: XlaExecutable
  /** False when it was loaded. */
  readonly isCompiled: boolean
}

export interface ProgramCache {
  compile(client: XlaClient, text: string, options: XlaCompileOptions): Promise<CachedProgram>
}

const SUFFIX = '.xla'
const PARTIAL = '.partial'
/** In front of a program, so that a file that was cut or damaged is not given to the plugin, which may crash on it. */
const HASH_BYTES = 32

export function createProgramCache(cacheOptions: ProgramCacheOptions): ProgramCache {
  const { folder, maxBytes, threads = availableParallelism(), onProblem = () => {} } = cacheOptions
  let drafts = 0

  async function load(path: string, client: XlaClient, options: XlaCompileOptions): Promise<XlaExecutable | null> {
    const program = await readProgram(path).catch((error: unknown) => {
      onProblem(toError(error))
      return null
    })
    if (program === null) return null
    try {
      return await client.load(program, options)
    } catch (error) {
      if (!(error instanceof AppError) || error.code === 'out_of_memory') throw error
      await rm(path, { force: true })
      return null
    }
  }

  async function keep(path: string, program: Uint8Array): Promise<void> {
    // Beside its place, under a name that no other process and no other call has.
    const draft = `${path}.${process.pid}.${drafts++}${PARTIAL}`
    await mkdir(folder, { recursive: true })
    try {
      await writeDurably(draft, [Buffer.from(digestOf(program).sha256, 'hex'), program])
      await rename(draft, path)
    } finally {
      await rm(draft, { force: true })
    }
    await makeRoom(folder, maxBytes)
  }

  return {
    async compile(client, text, options) {
      const path = join(folder, `${await keyOf(client, text, { options, threads })}${SUFFIX}`)
      const known = await load(path, client, options)
      if (known) return { executable: known, isCompiled: false }
      const executable = await client.compile(text, options)
      try {
        await keep(path, executable.serialize())
      } catch (error) {
        onProblem(toError(error))
      }
      return { executable, isCompiled: true }
    }
  }
}

/** Everything that a compiled program depends on. */
async function keyOf(
  client: XlaClient,
  text: string,
  { options, threads }: { options: XlaCompileOptions; threads: number }
): Promise<string> {
  const { platform, platformVersion, pluginPath, devices } = client
  // Not its path: a plugin that is replaced in its place has the same.
  const { size, mtimeMs } = await stat(pluginPath)
  const parts = [
    text,
    Buffer.from(encodeCompileOptions(options)).toString('hex'),
    platform,
    platformVersion,
    `${size} ${mtimeMs}`,
    ...devices.slice(0, options.replicas).map(({ kind }) => kind),
    // What is compiled for a processor uses all that this one can.
    platform === 'cpu' ? `${process.arch} ${cpus()[0]?.model} ${threads}` : '',
    // The plugin reads it as well.
    process.env['XLA_FLAGS'] ?? ''
  ]
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:${part}`)
  return hash.digest('hex')
}

/** @returns null where there is none, or none that is whole */
async function readProgram(path: string): Promise<Uint8Array | null> {
  try {
    const file = await open(path, 'r+')
    try {
      const content = await file.readFile()
      const hash = content.subarray(0, HASH_BYTES)
      const program = content.subarray(HASH_BYTES)
      if (hash.toString('hex') !== digestOf(program).sha256) {
        await rm(path, { force: true })
        return null
      }
      // The same byte again: it moves the file's time, by which the least recently used is found.
      await file.write(hash, 0, 1, 0)
      return program
    } finally {
      await file.close()
    }
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw error
    return null
  }
}

/** Also removes what processes have left that were killed while they wrote. */
async function makeRoom(folder: string, maxBytes: number): Promise<void> {
  const names = await readdir(folder)
  const abandoned = names.filter((name) => name.endsWith(PARTIAL) && !isRunning(Number(name.split('.').at(-3))))
  for (const name of abandoned) await rm(join(folder, name), { force: true })
  const programs = await Promise.all(
    names.filter((name) => name.endsWith(SUFFIX)).map((name) => measured(join(folder, name)))
  )
  let bytes = 0
  for (const program of programs.flat().sort((a, b) => b.usedAt - a.usedAt)) {
    bytes += program.bytes
    if (bytes > maxBytes) await rm(program.path, { force: true })
  }
}

interface Measured {
  readonly path: string
  readonly bytes: number
  readonly usedAt: number
}

/** None when another process has removed it meanwhile. */
async function measured(path: string): Promise<Measured[]> {
  try {
    const { size, mtimeMs } = await stat(path)
    return [{ path, bytes: size, usedAt: mtimeMs }]
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw error
    return []
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return systemCodeOf(error) !== 'ESRCH'
  }
}
