/** An engine with what a benchmark wants to know of it besides its results. */
import { readEngineChoice } from '../../src/composition/config.ts'
import { createEngine } from '../../src/engine/create-engine.ts'
import type { Engine, EngineName, Precision } from '../../src/engine/engine.ts'
import { findPlugin } from '../../src/engine/xla/find-plugin.ts'
import { openXlaClient } from '../../src/engine/xla/open-xla.ts'
import { createProgramCache, type ProgramCache } from '../../src/engine/xla/program-cache.ts'
import { createXlaEngine } from '../../src/engine/xla/xla-engine.ts'

export interface EngineWish {
  readonly engine: EngineName
  /** `auto` is bfloat16 on a GPU and float32 elsewhere, as in training. */
  readonly precision: Precision | 'auto'
  readonly threads: number
  /** Of xla: where it finds its programs and keeps them. */
  readonly programsFolder: string
}

/** Of the program that was compiled last, or taken from the folder. */
export interface ProgramFacts {
  /** When it had been traced and written, as `performance.now()` has it. */
  readonly writtenAt: number
  readonly readyMs: number
  readonly isCompiled: boolean
  /** What the compiler plans to take of the device at most. */
  readonly plannedBytes: number
}

export interface OpenedEngine {
  readonly engine: Engine
  /** Null of engines that compile nothing. */
  program(): ProgramFacts | null
  /** Most that the device has held; null where it cannot tell. */
  peakBytes(): number | null
}

export async function openEngine({ engine: name, ...wish }: EngineWish): Promise<OpenedEngine> {
  if (name === 'xla') return openXla(wish)
  return { engine: createEngine({ name, threads: wish.threads }), program: () => null, peakBytes: () => null }
}

/** Not by `openXlaEngine`, which keeps to itself what is asked here of client and cache. */
async function openXla({ threads, precision, programsFolder }: Omit<EngineWish, 'engine'>): Promise<OpenedEngine> {
  const plugin = await findPlugin(readEngineChoice(process.env).plugin)
  if ('reason' in plugin) throw new Error(`xla cannot be had: ${plugin.reason}`)
  const client = openXlaClient(plugin, { threads, memoryFraction: null })
  const cache = createProgramCache({ folder: programsFolder, maxBytes: Number.POSITIVE_INFINITY })
  let last: ProgramFacts | null = null
  const watched: ProgramCache = {
    async compile(...call) {
      const writtenAt = performance.now()
      const program = await cache.compile(...call)
      const readyMs = performance.now() - writtenAt
      const { isCompiled, executable } = program
      last = { writtenAt, readyMs, isCompiled, plannedBytes: executable.memory.totalBytes }
      return program
    }
  }
  const isOnCpu = client.platform === 'cpu'
  const chosen = precision === 'auto' ? (isOnCpu ? 'float32' : 'bfloat16') : precision
  return {
    engine: createXlaEngine({ client, precision: chosen, cache: watched }),
    program: () => last,
    peakBytes: () => client.devices[0]?.memory()?.peakBytes ?? null
  }
}
