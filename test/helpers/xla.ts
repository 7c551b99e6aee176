/** The xla engine, where a plugin is installed; tests of it are skipped elsewhere, for the reason in `whyNoXla` (pjrt.ts). */
import { join, resolve } from 'node:path'
import type { Engine, Precision } from '../../src/engine/engine.ts'
import { openXlaEngine } from '../../src/engine/xla/open-xla.ts'
import { foundPlugin, whyNoXla } from './pjrt.ts'

/** Compiled once for all files and runs of the tests; a program is found by its text, its plugin and how it was compiled. */
export const CACHE_FOLDER = resolve(import.meta.dirname, '../../.cache/test')

/** Equal bits need equal threads, and machines have different numbers of cores. */
const THREADS = 2

/**
 * For programs of whole steps, before the first is compiled: half of the time is LLVM's, which optimizes code that runs for
 * milliseconds. What XLA makes of a program stays the same; the steps of the oracle and the lab's runs have it all.
 */
export function compileQuickly(): void {
  if (foundPlugin?.platform === 'cpu') process.env['XLA_FLAGS'] ??= '--xla_backend_optimization_level=0'
}

const opened = new Map<string, Promise<Engine>>()

/** One for all tests of a file, which is not disposed of. In tests that are skipped where there is none. */
export function xlaIn(precision: Precision, devices = 1): Promise<Engine> {
  const key = `${precision} ${devices}`
  const known = opened.get(key) ?? open(precision, devices)
  opened.set(key, known)
  return known
}

async function open(precision: Precision, devices: number): Promise<Engine> {
  const wish = {
    precision,
    devices,
    memoryFraction: null,
    programsFolder: join(CACHE_FOLDER, 'programs'),
    threads: THREADS
  }
  return openXlaEngine(foundPlugin!, wish)
}

/** The engines that a test holds against each other, and this one where it can be had. */
export const withXla = async (engines: readonly Engine[]): Promise<Engine[]> => [
  ...engines,
  ...(whyNoXla === false ? [await xlaIn('float32')] : [])
]
