import type { DeviceKind } from '../base/devices.ts'
import type { Program } from './program.ts'
import type { TensorSpec, Values } from './tensor-spec.ts'

export type Feeds = Readonly<Record<string, Values>>
export type Outputs = Record<string, Float32Array>

/** Of matrix products, where a program allows it. Everything else is float32. */
export const PRECISIONS = ['float32', 'tf32', 'bfloat16', 'float16'] as const
export type Precision = (typeof PRECISIONS)[number]

export interface LoadOptions {
  /** Inputs that never change, baked into the program; they are then not fed. */
  readonly constants?: Readonly<Record<string, Float32Array>>
  /** Lets matrix products be computed in the engine's precision; without it everything is float32. */
  readonly mayRound?: boolean
}

/** Of a program that steps. */
export interface SteppingOptions extends LoadOptions {
  /** Inputs that `step` takes from the held state. An output of the same name takes its place there. */
  readonly held: readonly string[]
  /** A scalar output; in a step where it is 0 the held state stays as it was, bit for bit. */
  readonly commitIf?: string
}

export interface LoadedProgram {
  /**
   * Runs the program once. Feeds are row-major and read only during the call. The returned arrays belong to the caller.
   * Not reentrant: wait for one run before the next.
   */
  run(feeds: Feeds): Promise<Outputs>
  dispose(): Promise<void>
}

/** Tensors that stay where the engine computes, from step to step; with several devices each of them has all. */
export interface HeldState {
  /** Copies of the named tensors, of all by default; the first device's. */
  read(names?: readonly string[]): Promise<Outputs>
  dispose(): Promise<void>
}

export interface SteppingProgram {
  /**
   * Not reentrant, and two programs that share a state take turns.
   *
   * Runs the program once on every device, each with its own feeds, and moves the state on.
   * @returns of every device, the outputs that have no place in the state
   */
  step(state: HeldState, feeds: readonly Feeds[]): Promise<Outputs[]>
  dispose(): Promise<void>
}

/** `onnx` and `xla` trace a program into a graph; the others run it op by op. */
export const ENGINE_NAMES = ['onnx', 'xla', 'tfjs-node-gpu', 'tfjs-node', 'cpu'] as const
export type EngineName = (typeof ENGINE_NAMES)[number]

/** Of one device; of several, the one with the highest peak. */
export interface EngineMemory {
  /** Most that was held at once since the process began; null where the device does not count. */
  readonly peakBytes: number | null
  /** What may be used. */
  readonly limitBytes: number | null
}

/** Runs programs on a device, or on several alike. A batch dimension of -1 is free for every run. */
export interface Engine {
  readonly name: EngineName
  /** Of what computes for it, such as `onnxruntime-node 1.30.0`. */
  readonly version: string
  readonly device: string
  readonly deviceKind: DeviceKind
  /** Devices that take part in a step, 1 for most engines. */
  readonly devices: number
  /** How many could take part on this machine. */
  readonly mostDevices: number
  readonly precision: Precision
  /**
   * Whether what lies between two products is compiled into few passes over memory. Then programs are written plainly, and
   * the optimizer's state is one tensor; otherwise they are cut into pieces that stay in a cache.
   */
  readonly fuses: boolean
  load(program: Program, options?: LoadOptions): Promise<LoadedProgram>
  loadStepping(program: Program, options: SteppingOptions): Promise<SteppingProgram>
  /** @param specs of the values, whose arrays are copied */
  hold(specs: readonly TensorSpec[], values: Feeds): Promise<HeldState>
  /** Null where the device cannot tell; engines that never can leave it out. */
  memory?(): Promise<EngineMemory | null>
  /** Gives back what the engine itself holds: a device's memory, a plugin. */
  dispose(): Promise<void>
}
