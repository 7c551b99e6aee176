/**
 * Do the exported programs compute what the training code computes? Nothing is published before they do, on 64 images:
 * those of the dataset, or noise. The engine that trains computes what is expected; where that takes seconds at most, the
 * pure JavaScript engine does, which shares no code with the files that are checked.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { invariant } from '../base/errors.ts'
import { createCpuEngine } from '../engine/cpu-engine.ts'
import type { Engine, LoadedProgram, Outputs } from '../engine/engine.ts'
import { dot, norm } from '../math/vectors.ts'
import type { VerificationReport } from '../protocol/model-folder.ts'
import { type Network, tokensOf } from '../recipe/network.ts'
import { concatenateImages, splitRows } from './embedder.ts'
import { forwardFlops } from './forward-flops.ts'

/** Float32 rounding of two orders of summation stays near 1e-6; a wrong weight or op is far above. */
const MAX_ABS_ERROR = 1e-4
const MIN_COSINE = 0.9999

export const VERIFIED_IMAGES = 64
/** Multiplications and additions that the pure JavaScript engine does in about five seconds; at most ten times that. */
const REFERENCE_FLOPS = 1e9
const MAX_REFERENCE_FLOPS = 10 * REFERENCE_FLOPS
const FEWEST_IMAGES = 2
/** Attention scores of one batch of the exported program: 2,000 tokens of 16 heads are 256 MB an image. */
const MOST_SCORES = 2 ** 26

/** How many images the pure JavaScript engine computes. */
export function independentImages(network: Network, images: number): number {
  const flops = forwardFlops(network)
  if (FEWEST_IMAGES * flops > MAX_REFERENCE_FLOPS) return 0
  return Math.min(images, Math.max(FEWEST_IMAGES, Math.floor(REFERENCE_FLOPS / flops)))
}

/** Programs of one network. */
export interface VerificationSubject {
  readonly network: Network
  /** From the files that are to be published, weights baked in. */
  readonly exported: readonly LoadedProgram[]
  /** As training code, with an output for each of theirs. */
  readonly load: (engine: Engine) => Promise<LoadedProgram>
  readonly weights: Readonly<Record<string, Float32Array>>
  /** Of the machine. */
  readonly engine: Engine
}

export interface VerificationImages {
  readonly pixels: readonly Uint8Array[]
  readonly isOnDataset: boolean
}

/**
 * Every output of every program on the same images, one image at a time on one side and many together on the other: a
 * batch must not change what an image gives. Yields the share that is done.
 * @throws Error when a deviation is over its limit
 */
export async function* verifyPrograms(
  subject: VerificationSubject,
  { pixels, isOnDataset }: VerificationImages
): AsyncGenerator<number, VerificationReport> {
  const independent = independentImages(subject.network, pixels.length)
  const actual = await runBatches(subject, pixels)
  const passes = [
    { engine: createCpuEngine(), images: independent },
    // What the slower engine has seen need not be seen again, unless it saw only some.
    { engine: subject.engine, images: independent === pixels.length ? 0 : pixels.length }
  ].filter(({ images }) => images > 0)
  const total = passes.reduce((sum, { images }) => sum + images, 0)
  let done = 0
  let worst: Deviation = { maxAbsError: 0, cosine: 1 }
  for (const { engine, images } of passes) {
    const expected = await subject.load(engine)
    try {
      for (const [index, image] of pixels.slice(0, images).entries()) {
        const wanted = await expected.run({ ...subject.weights, images: image })
        for (const rows of actual) worst = worseOf(worst, compare(wanted, rows[index]!))
        // Both sides compute synchronously; a supervisor that is gone or says stop is heard in between.
        await nextTurn()
        yield ++done / total
      }
    } finally {
      await expected.dispose()
    }
  }
  const { maxAbsError, cosine: minCosine } = worst
  invariant(maxAbsError <= MAX_ABS_ERROR, `the exported model deviates by ${maxAbsError} from the training program`)
  invariant(minCosine >= MIN_COSINE, `the exported embeddings have cosine ${minCosine} with the training program's`)
  const reference = passes.at(-1)?.engine.name ?? subject.engine.name
  return { images: pixels.length, independentImages: independent, maxAbsError, minCosine, reference, isOnDataset }
}

/** By program and image: its outputs. */
async function runBatches(
  { exported, network }: VerificationSubject,
  pixels: readonly Uint8Array[]
): Promise<Outputs[][]> {
  const size = Math.max(1, Math.floor(MOST_SCORES / (network.heads * tokensOf(network) ** 2)))
  const results: Outputs[][] = []
  for (const program of exported) {
    const rows: Outputs[] = []
    for (let from = 0; from < pixels.length; from += size) {
      const batch = pixels.slice(from, from + size)
      const outputs = Object.entries(await program.run({ images: concatenateImages(batch) }))
      const split = outputs.map(([name, values]) => [name, splitRows(values, batch.length)] as const)
      for (let i = 0; i < batch.length; i++) rows.push(Object.fromEntries(split.map(([name, all]) => [name, all[i]!])))
      await nextTurn()
    }
    results.push(rows)
  }
  return results
}

interface Deviation {
  readonly maxAbsError: number
  /** Between the two embeddings. */
  readonly cosine: number
}

const worseOf = (a: Deviation, b: Deviation): Deviation => ({
  // Math.max keeps a NaN, so a program that computes none of the numbers cannot pass.
  maxAbsError: Math.max(a.maxAbsError, b.maxAbsError),
  cosine: Math.min(a.cosine, b.cosine)
})

/** @param wanted may have more outputs than the program that is checked */
function compare(wanted: Outputs, actual: Outputs): Deviation {
  let maxAbsError = 0
  for (const [name, row] of Object.entries(actual)) {
    const values = wanted[name]
    invariant(values?.length === row.length, `${name} has ${row.length} numbers an image, not ${values?.length}`)
    for (let i = 0; i < row.length; i++) maxAbsError = Math.max(maxAbsError, Math.abs(values[i]! - row[i]!))
  }
  const a = wanted['embedding']!
  const b = actual['embedding']!
  return { maxAbsError, cosine: dot(a, b) / (norm(a) * norm(b)) }
}
