import type { Program, Repeat } from './program.ts'
import type { Values } from './tensor-spec.ts'

export type Feeds = Readonly<Record<string, Values>>
export type Outputs = Record<string, Float32Array>

/** Of matrix products, where a program allows it. Everything else is float32. */
export const PRECISIONS = ['float32', 'bfloat16', 'float16'] as const
export type Precision = (typeof PRECISIONS)[number]

/** What `onnx` computes on; `auto` is CUDA where its provider is installed and loads. */
export const DEVICES = ['auto', 'cpu', 'cuda'] as const
export type WantedDevice = (typeof DEVICES)[number]
export type Device = Exclude<WantedDevice, 'auto'>

export interface LoadOptions {
  /** Inputs that never change, baked into the program; they are then not fed. */
  readonly constants?: Readonly<Record<string, Float32Array>>
  /** Runs the program several times in one call. */
  readonly repeat?: Repeat
  /** Lets matrix products be computed in the engine's precision; without it everything is float32. */
  readonly mayRound?: boolean
}

export interface LoadedProgram {
  /**
   * Runs the program once. Feeds are row-major and read only during the call. The returned arrays belong to the caller.
   * Not reentrant: wait for one run before the next.
   */
  run(feeds: Feeds): Promise<Outputs>
  dispose(): Promise<void>
}

/** `onnx` traces a program into a graph; the others run it op by op. */
export const ENGINE_NAMES = ['onnx', 'tfjs-node-gpu', 'tfjs-node', 'cpu'] as const
export type EngineName = (typeof ENGINE_NAMES)[number]

/** Runs programs on a device. A batch dimension of -1 is free for every run. */
export interface Engine {
  readonly name: EngineName
  readonly device: string
  readonly precision: Precision
  /** Training steps that one call should take: more than one where the state crosses a bus at every call. */
  readonly stepsPerCall: number
  load(program: Program, options?: LoadOptions): Promise<LoadedProgram>
}
