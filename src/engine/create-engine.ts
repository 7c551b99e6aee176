import { isAppError } from '../base/errors.ts'
import { createCpuEngine } from './cpu-engine.ts'
import type { Engine, EngineName } from './engine.ts'
import { hasNvidiaDriver } from './nvidia.ts'
import { createOnnxEngine, type OnnxEngineOptions } from './onnx-engine.ts'
import { createTfjsEngine } from './tfjs-engine.ts'

export interface EngineOptions extends OnnxEngineOptions {
  /** `auto` takes a GPU where there is one. `cpu` is the slow reference and has to be asked for. */
  readonly name?: EngineName | 'auto'
}

/** @throws AppError engine_unavailable when this machine does not have the engine that was asked for */
export function createEngine({ name = 'onnx', ...options }: EngineOptions = {}): Engine {
  const { threads } = options
  if (name === 'auto') return (hasNvidiaDriver() && createGpuEngine(threads)) || createOnnxEngine(options)
  if (name === 'cpu') return createCpuEngine()
  return name === 'onnx' ? createOnnxEngine(options) : createTfjsEngine(name, { threads })
}

/** Null where it cannot be had, which is no failure when nobody asked for it; the doctor says why. */
function createGpuEngine(threads: number | undefined): Engine | null {
  try {
    return createTfjsEngine('tfjs-node-gpu', { threads })
  } catch (error) {
    if (isAppError(error, 'engine_unavailable')) return null
    throw error
  }
}
