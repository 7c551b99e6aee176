/** The engine on libtensorflow, where it is installed (docs/engines.md); tests of it are skipped with the reason elsewhere. */
import { isAppError } from '../../src/base/errors.ts'
import { createEngine } from '../../src/engine/create-engine.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { hasNvidiaDriver } from '../../src/engine/nvidia.ts'

function tryTfjsNode(): Engine | string {
  try {
    return createEngine({ name: hasNvidiaDriver() ? 'tfjs-node-gpu' : 'tfjs-node', threads: 1 })
  } catch (error) {
    if (isAppError(error, 'engine_unavailable')) return error.message
    throw error
  }
}

const tried = tryTfjsNode()

export const tfjsNode: Engine | null = typeof tried === 'string' ? null : tried
/** The engines that a test holds against each other, and this one where it can be had. */
export const withTfjsNode = (engines: readonly Engine[]): Engine[] => [...engines, ...(tfjsNode ? [tfjsNode] : [])]
/** For a test's `skip`: false where it runs. */
export const whyNoTfjsNode: string | false = typeof tried === 'string' ? tried : false
