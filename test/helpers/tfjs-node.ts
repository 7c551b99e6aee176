/** The engine on libtensorflow, where it is installed (docs/engines.md); tests of it are skipped with the reason elsewhere. */
import { isAppError } from '../../src/base/errors.ts'
import { createEngine } from '../../src/engine/create-engine.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { hasNvidiaDriver } from '../../src/engine/nvidia.ts'
import type { TfjsEngineName } from '../../src/engine/tfjs-engine.ts'

type NamedEngine = Engine & { readonly name: TfjsEngineName }

function tryTfjsNode(): NamedEngine | string {
  try {
    const name = hasNvidiaDriver() ? 'tfjs-node-gpu' : 'tfjs-node'
    return { ...createEngine({ name, threads: 1 }), name }
  } catch (error) {
    if (isAppError(error, 'engine_unavailable')) return error.message
    throw error
  }
}

const tried = tryTfjsNode()

export const tfjsNode: NamedEngine | null = typeof tried === 'string' ? null : tried
/** The engines that a test holds against each other, and this one where it can be had. */
export const withTfjsNode = (engines: readonly Engine[]): Engine[] => [...engines, ...(tfjsNode ? [tfjsNode] : [])]
/** For a test's `skip`: false where it runs. */
export const whyNoTfjsNode: string | false = typeof tried === 'string' ? tried : false
