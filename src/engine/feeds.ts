/** What is checked before every run, the same for every engine. */
import { invariant } from '../base/errors.ts'
import type { Feeds } from './engine.ts'
import { elementCount, type TensorSpec, type Values } from './tensor-spec.ts'

const CLASSES = { float32: Float32Array, int32: Int32Array, uint8: Uint8Array } as const

export interface CheckedFeed {
  readonly spec: TensorSpec
  readonly values: Values
  /** With the free batch dimension filled in. */
  readonly shape: number[]
}

/** @throws on a feed that is missing, of the wrong type or of the wrong length, with its name */
export function checkFeeds(inputs: readonly TensorSpec[], feeds: Feeds): CheckedFeed[] {
  return inputs.map((spec) => {
    const values = feeds[spec.name]
    invariant(values instanceof CLASSES[spec.dtype], `input ${spec.name} is fed with ${spec.dtype} values`)
    const [leading = 1, ...rest] = spec.shape
    const row = elementCount(rest)
    const free = leading === -1
    const fits = free ? values.length % row === 0 && values.length > 0 : values.length === leading * row
    invariant(fits, `input ${spec.name} of shape [${spec.shape}] does not take ${values.length} values`)
    return { spec, values, shape: free ? [values.length / row, ...rest] : [...spec.shape] }
  })
}
