/** Do the exported programs compute what the training code computes? Nothing is published before they do. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { invariant } from '../base/errors.ts'
import { createCpuEngine } from '../engine/cpu-engine.ts'
import type { Engine, LoadedProgram, Outputs } from '../engine/engine.ts'
import { dot, norm } from '../math/vectors.ts'
import { recipeNumbers } from '../recipe/numbers.ts'
import type { Recipe } from '../recipe/schema.ts'
import { concatenateImages, splitRows } from './embedder.ts'
import type { VerificationReport } from './model-files.ts'

/** Float32 rounding of two orders of summation stays near 1e-6; a wrong weight or op is far above. */
const MAX_ABS_ERROR = 1e-4
const MIN_COSINE = 0.9999

const MAX_IMAGES = 64
/** Multiplications and additions that the pure JavaScript engine does in about five seconds; at most ten times that. */
const REFERENCE_FLOPS = 1e9
const MAX_REFERENCE_FLOPS = 10 * REFERENCE_FLOPS
const FEWEST_IMAGES = 2
const PROGRAMS = 2
/** On the fast engine, for networks that the reference would spend minutes on. */
const IMAGES_OF_LARGE_NETWORKS = 16

/** Which engine computes the expected values, and for how many images. */
export function planVerification(recipe: Recipe, engine: Engine): { reference: Engine; images: number } {
  // A training image costs its global crops four passes: student forward and backward (3) and teacher (1).
  const passes = 4 * recipe.hyperparameters.crops.global.count
  const flopsPerImage = (PROGRAMS * recipeNumbers(recipe, 1).flopsPerImage) / passes
  if (FEWEST_IMAGES * flopsPerImage > MAX_REFERENCE_FLOPS)
    return { reference: engine, images: IMAGES_OF_LARGE_NETWORKS }
  const affordable = Math.floor(REFERENCE_FLOPS / flopsPerImage)
  return { reference: createCpuEngine(), images: Math.min(MAX_IMAGES, Math.max(FEWEST_IMAGES, affordable)) }
}

export interface VerificationCase {
  /** Baked weights, from the file that is to be published. */
  readonly exported: LoadedProgram
  /** The program as training code, weights fed. */
  readonly expected: LoadedProgram
  readonly weights: Readonly<Record<string, Float32Array>>
}

export interface VerificationImages {
  readonly pixels: readonly Uint8Array[]
  readonly isOnDataset: boolean
}

/**
 * Every output of every program on the same images, one image at a time on one side and all together on the other: a
 * batch must not change what an image gives.
 * @throws Error when a deviation is over its limit
 */
export async function verifyPrograms(
  cases: readonly VerificationCase[],
  { pixels, isOnDataset }: VerificationImages,
  reference: Pick<Engine, 'name'>
): Promise<VerificationReport> {
  let maxAbsError = 0
  let minCosine = 1
  for (const { exported, expected, weights } of cases) {
    const actual = await exported.run({ images: concatenateImages(pixels) })
    for (const [index, image] of pixels.entries()) {
      const wanted = await expected.run({ ...weights, images: image })
      const deviation = compare(wanted, actual, { index, images: pixels.length })
      maxAbsError = Math.max(maxAbsError, deviation.maxAbsError)
      minCosine = Math.min(minCosine, deviation.cosine)
      // Both sides compute synchronously; a supervisor that is gone or says stop is heard in between.
      await nextTurn()
    }
  }
  invariant(maxAbsError <= MAX_ABS_ERROR, `the exported model deviates by ${maxAbsError} from the training program`)
  invariant(
    minCosine >= MIN_COSINE,
    `the exported model's embeddings have cosine ${minCosine} with the training program's`
  )
  return { images: pixels.length, maxAbsError, minCosine, reference: reference.name, isOnDataset }
}

interface Deviation {
  readonly maxAbsError: number
  /** Between the two embeddings. */
  readonly cosine: number
}

/** @param actual outputs for all images; `wanted` is for image `index` alone */
function compare(wanted: Outputs, actual: Outputs, { index, images }: { index: number; images: number }): Deviation {
  let maxAbsError = 0
  for (const [name, values] of Object.entries(wanted)) {
    const row = splitRows(actual[name]!, images)[index]!
    invariant(row.length === values.length, `${name} has ${row.length} numbers an image, not ${values.length}`)
    // Math.max keeps a NaN, so a program that computes none of the numbers cannot pass.
    for (let i = 0; i < values.length; i++) maxAbsError = Math.max(maxAbsError, Math.abs(values[i]! - row[i]!))
  }
  const a = wanted['embedding']!
  const b = splitRows(actual['embedding']!, images)[index]!
  return { maxAbsError, cosine: dot(a, b) / (norm(a) * norm(b)) }
}
