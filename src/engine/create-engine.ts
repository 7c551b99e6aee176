import { createCpuEngine } from './cpu-engine.ts'
import type { Engine } from './engine.ts'
import { createOnnxEngine, type OnnxEngineOptions } from './onnx-engine.ts'

export interface EngineOptions extends OnnxEngineOptions {
  /** `cpu` is the slow reference and has to be asked for. */
  readonly name?: Engine['name']
}

export const createEngine = ({ name = 'onnx', threads }: EngineOptions = {}): Engine =>
  name === 'cpu' ? createCpuEngine() : createOnnxEngine({ threads })
