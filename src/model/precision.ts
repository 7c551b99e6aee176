/** What vectors in 8 bits lose, on the model's own images: whoever asks for them is told, image by image and in neighbours. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { PrecisionFigures } from '../base/precision.ts'
import type { LoadedProgram } from '../engine/engine.ts'
import { nearestNeighbors } from '../math/knn.ts'
import { dot } from '../math/vectors.ts'
import type { ImageSource } from './image-source.ts'

/** A minute of ViT-S on two cores; counting prototypes sees ten times as many. */
const MEASURED_IMAGES = 1000
const BATCH = 8
const NEAREST = 10

export interface ComparedPrograms {
  readonly images: ImageSource
  readonly exact: LoadedProgram
  /** Run with one image at a time, as it is served. */
  readonly rounded: LoadedProgram
  readonly dim: number
  readonly signal?: AbortSignal
}

/** Yields the share that is done. Null where there are too few images to have ten neighbours, or it was stopped. */
export async function* measurePrecision(compared: ComparedPrograms): AsyncGenerator<number, PrecisionFigures | null> {
  const { images, dim, signal } = compared
  const count = Math.min(MEASURED_IMAGES, images.datasetImages)
  if (count <= NEAREST) return null
  const exact = new Float32Array(count * dim)
  const rounded = new Float32Array(count * dim)
  let seen = 0
  for await (const batch of images.batches(count, BATCH)) {
    for (const image of batch) {
      if (signal?.aborted) return null
      exact.set(await embeddingOf(compared.exact, image), seen * dim)
      rounded.set(await embeddingOf(compared.rounded, image), seen * dim)
      seen++
      // Programs may compute on this thread: a message to stop is heard in between.
      await nextTurn()
    }
    yield seen / count
  }
  return figuresOf({ exact, rounded, dim })
}

async function embeddingOf(program: LoadedProgram, image: Uint8Array): Promise<Float32Array> {
  return (await program.run({ images: image }))['embedding']!
}

/** @param vectors [N, dim] each, unit rows */
export function figuresOf({
  exact,
  rounded,
  dim
}: {
  readonly exact: Float32Array
  readonly rounded: Float32Array
  readonly dim: number
}): PrecisionFigures {
  const images = exact.length / dim
  const cosines = Array.from({ length: images }, (_, i) => {
    const [from, to] = [i * dim, (i + 1) * dim]
    return dot(exact.subarray(from, to), rounded.subarray(from, to))
  })
  const neighbours = (bank: Float32Array) =>
    nearestNeighbors({ bank, queries: bank, dim, k: NEAREST, leaveOneOut: true }).indices
  const [wanted, found] = [neighbours(exact), neighbours(rounded)]
  let kept = 0
  for (let i = 0; i < images; i++) {
    const [from, to] = [i * NEAREST, (i + 1) * NEAREST]
    const own = new Set(found.subarray(from, to))
    for (const one of wanted.subarray(from, to)) if (own.has(one)) kept++
  }
  return {
    images,
    minCosine: Math.min(...cosines),
    meanCosine: cosines.reduce((sum, cosine) => sum + cosine, 0) / images,
    recallAt10: kept / (images * NEAREST)
  }
}
