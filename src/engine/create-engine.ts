import { createCpuEngine } from './cpu-engine.ts'
import type { Engine, EngineName } from './engine.ts'
import { createOnnxEngine } from './onnx-engine.ts'
import type { OnnxOptions } from './onnx-session.ts'
import { createTfjsEngine } from './tfjs-engine.ts'

export interface EngineOptions extends OnnxOptions {
  /** `xla` has a plugin to open first: `chooseEngine`. `cpu` is the slow reference. */
  readonly name?: Exclude<EngineName, 'xla'>
}

/** @throws AppError engine_unavailable when this machine does not have the engine that was asked for */
export function createEngine({ name = 'onnx', ...options }: EngineOptions = {}): Engine {
  if (name === 'cpu') return createCpuEngine()
  return name === 'onnx' ? createOnnxEngine(options) : createTfjsEngine(name, options)
}
