/** From what the operator wants to what this machine has. */
import { AppError } from '../base/errors.ts'
import { createEngine } from './create-engine.ts'
import { chooseDevice } from './devices.ts'
import type { Engine, EngineName, Precision, WantedDevice } from './engine.ts'

export interface EngineChoice {
  /** `auto` prefers ONNX Runtime on CUDA, then TensorFlow on CUDA, then ONNX Runtime on the CPU. */
  readonly name: EngineName | 'auto'
  /** Of `onnx`; the others are their device. */
  readonly device: WantedDevice
  /** Of matrix products in training; `auto` is bfloat16 on CUDA and float32 on the CPU. */
  readonly precision: Precision | 'auto'
}

export interface ChosenEngine {
  readonly engine: Engine
  /** What is installed and does not work, when `auto` passed over it. */
  readonly problem?: string
}

/** @throws AppError engine_unavailable when what is asked for cannot be had */
export async function chooseEngine(choice: EngineChoice, threads?: number): Promise<ChosenEngine> {
  const { name, precision } = choice
  if (name !== 'auto' && name !== 'onnx') return { engine: otherEngine(choice, name, threads) }
  const { device, problem } = await chooseDevice(choice.device)
  const onnx = { threads, device, ...(precision === 'auto' ? {} : { precision }) }
  // TensorFlow's GPU stands in for ONNX Runtime's only where nothing was asked for that it lacks.
  const isOpen = name === 'auto' && choice.device === 'auto' && device === 'cpu' && precision === 'auto'
  const engine = createEngine({ name: isOpen ? 'auto' : 'onnx', ...onnx })
  return { engine, ...(problem === undefined ? {} : { problem }) }
}

function otherEngine({ device, precision }: EngineChoice, name: EngineName, threads: number | undefined): Engine {
  if (precision !== 'auto' && precision !== 'float32') {
    throw new AppError('engine_unavailable', {
      message: `The ${name} engine computes in float32 only, not ${precision}.`
    })
  }
  if (device !== 'auto') {
    throw new AppError('engine_unavailable', {
      message: `KAPPA_DEVICE chooses the device of the onnx engine; ${name} has its own.`
    })
  }
  return createEngine({ name, threads })
}
