/** A batch that is too large for the memory is computed in parts, which gives the same step. */
import { recipeNumbers } from '../numbers.ts'
import type { Recipe } from '../schema.ts'
import { UNKNOWN_GPU_BYTES } from './circumstances.ts'
import { counted, type Situation } from './situation.ts'

/** Of a GPU's memory: the context, the program and what fragments it have the rest. */
const SHARE_OF_GPU = 0.75
/** What most machines have free. */
const CPU_BYTES = 8e9

/** Sinkhorn and KoLeo on features need the whole batch at once; then it stays whole. */
const isDivisible = ({ hyperparameters: { centering, koleo } }: Recipe): boolean =>
  centering !== 'sinkhorn' && (koleo?.features ?? 0) === 0

export function fitMemory({ images, device, wishes, say }: Situation, recipe: Recipe): Recipe {
  if (wishes.accumulationSteps !== undefined || !isDivisible(recipe)) return recipe
  const { kind, devices, memoryBytes } = device
  const limit = kind === 'gpu' ? SHARE_OF_GPU * (memoryBytes ?? UNKNOWN_GPU_BYTES) : CPU_BYTES
  const { batchSize } = recipe.hyperparameters
  const inParts = (parts: number): Recipe =>
    parts === 1 ? recipe : { ...recipe, hyperparameters: { ...recipe.hyperparameters, accumulationSteps: parts } }
  const bytesOf = (parts: number) => {
    const { gpuMemoryBytes, memoryBytes: bytes } = recipeNumbers(inParts(parts), images.images, devices)
    return kind === 'gpu' ? gpuMemoryBytes : bytes
  }
  let parts = 1
  while (bytesOf(parts) > limit && batchSize % (2 * parts * devices) === 0) parts *= 2
  if (parts > 1) {
    const unknown = kind === 'gpu' && memoryBytes === null ? ', as of a GPU of which nothing is known' : ''
    say(`Each batch in ${counted(parts, 'part')}: a part fits in ${(limit / 1e9).toFixed(0)} GB${unknown}.`)
  }
  return inParts(parts)
}
