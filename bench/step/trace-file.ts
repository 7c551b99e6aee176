/** ONNX Runtime's profile of a session, read as node times. */
import { readFileSync } from 'node:fs'

export interface NodeTime {
  readonly op: string
  readonly inputs: readonly (readonly number[])[]
  readonly outputs: readonly (readonly number[])[]
  /** Of its fastest run after the first: what other processes do only ever makes a run slower. */
  readonly microseconds: number
}

interface Event {
  readonly cat: string
  readonly name: string
  readonly ts: number
  readonly dur: number
  readonly args?: {
    readonly op_name?: string
    readonly input_type_shape?: readonly Record<string, number[]>[]
    readonly output_type_shape?: readonly Record<string, number[]>[]
  }
}

const KERNEL = '_kernel_time'

/** The first run is left out: it fills the memory arena. */
export function readNodeTimes(path: string): NodeTime[] {
  const events = JSON.parse(readFileSync(path, 'utf8')) as Event[]
  const [first] = events.filter(({ name }) => name === 'model_run')
  if (!first) throw new Error(`${path} holds no run`)
  const fastest = new Map<string, NodeTime>()
  for (const { cat, name, ts, dur, args } of events) {
    if (cat !== 'Node' || !name.endsWith(KERNEL) || ts < first.ts + first.dur) continue
    const known = fastest.get(name)
    if (known && known.microseconds <= dur) continue
    const shapes = (all: readonly Record<string, number[]>[] = []) => all.flatMap((each) => Object.values(each))
    const [inputs, outputs] = [shapes(args?.input_type_shape), shapes(args?.output_type_shape)]
    fastest.set(name, { op: args?.op_name ?? name, inputs, outputs, microseconds: dur })
  }
  return [...fastest.values()]
}

const PRODUCTS = new Set(['MatMul', 'FusedMatMul', 'Gemm'])
const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)

/** Multiplications and additions of a matrix product, however its operands are transposed; 0 for every other op. */
export function flopsOf({ op, inputs, outputs }: NodeTime): number {
  const [a, b, out] = [inputs[0], inputs[1], outputs[0]]
  if (!PRODUCTS.has(op) || !a || !b || !out) return 0
  const batch = size(out.slice(0, -2))
  // |A| = batch m k, |B| = batch k n, |out| = batch m n.
  const inner = Math.sqrt((size(a) * size(b)) / (size(out) * batch))
  return 2 * size(out) * inner
}
