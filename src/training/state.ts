/**
 * The training state as named tensors: `student.*`, `teacher.*`, `adam.m.*`, `adam.v.*` and the centers. With the step and
 * the recipe it is everything that a run needs to go on.
 */
import { createHash } from 'node:crypto'
import { AppError } from '../base/errors.ts'
import type { FloatTensor, Safetensors } from '../base/safetensors.ts'
import type { TensorSpec } from '../engine/tensor-spec.ts'
import type { StateTensors } from './step/state.ts'

export type StatePart = 'student' | 'teacher' | 'optimizer'
export const STATE_PARTS: readonly StatePart[] = ['student', 'teacher', 'optimizer']

/** Networks are filed under their parameters' own names, so that other tools find `backbone.…` and `head.…`. */
const prefixOf = (part: StatePart): string => (part === 'optimizer' ? '' : `${part}.`)

const partOf = (name: string): StatePart =>
  name.startsWith('student.') ? 'student' : name.startsWith('teacher.') ? 'teacher' : 'optimizer'

/** The tensors of one checkpoint file; they share memory with the state. */
export function statePart(
  state: StateTensors,
  specs: readonly TensorSpec[],
  part: StatePart
): Map<string, FloatTensor> {
  const tensors = new Map<string, FloatTensor>()
  for (const { name, shape } of specs) {
    if (partOf(name) !== part) continue
    const data = state[name]
    if (data === undefined) throw new Error(`invariant: the state has no ${name}`)
    tensors.set(name.slice(prefixOf(part).length), { shape, data })
  }
  return tensors
}

/**
 * The inverse of `statePart` for all parts.
 * @throws AppError checkpoint_invalid unless exactly the tensors of `specs` are there, with their shapes
 */
export function joinState(parts: Record<StatePart, Safetensors>, specs: readonly TensorSpec[]): StateTensors {
  const state: StateTensors = {}
  for (const { name, shape } of specs) {
    const part = partOf(name)
    const tensor = parts[part].tensors.get(name.slice(prefixOf(part).length))
    if (tensor === undefined) throw new AppError('checkpoint_invalid', { message: `The checkpoint lacks ${name}.` })
    if (tensor.shape.join() !== shape.join() || !(tensor.data instanceof Float32Array)) {
      throw new AppError('checkpoint_invalid', {
        message: `${name} is [${tensor.shape}] in the checkpoint, [${shape}] in the recipe.`
      })
    }
    state[name] = tensor.data
  }
  const stored = STATE_PARTS.reduce((count, part) => count + parts[part].tensors.size, 0)
  if (stored !== specs.length) {
    throw new AppError('checkpoint_invalid', {
      message: `The checkpoint has ${stored - specs.length} unknown tensors.`
    })
  }
  return state
}

/** sha256 over position and tensors in name order: equal exactly for states that go on equally. */
export function hashState(state: StateTensors, step: number): string {
  const hash = createHash('sha256').update(`step ${step}\n`)
  for (const name of Object.keys(state).sort()) {
    const data = state[name]!
    hash.update(`${name} ${data.length}\n`).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  }
  return hash.digest('hex')
}
