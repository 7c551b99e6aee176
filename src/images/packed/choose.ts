/** Which images of a version are taken, by one of the strategies. The same images whoever asks, and how often. */
import { evenShares } from '../../math/even-shares.ts'
import { prng } from '../../math/prng.ts'
import { apart, farthestFirst } from '../../math/spread.ts'
import type { ImageChoice, VectorFiles } from '../../protocol/ingest-messages.ts'
import { readPrototypes, readVectors } from './vectors.ts'

type ByVectors = Exclude<ImageChoice, { strategy: 'all' | 'indices' }>

/** In the order of the version. @throws AppError object_damaged */
export async function chooseImages(
  choice: ImageChoice,
  { images, vectors }: { readonly images: number; readonly vectors: VectorFiles | null }
): Promise<Iterable<number>> {
  if (choice.strategy === 'all') return Uint32Array.from({ length: images }, (_, i) => i)
  if (choice.strategy === 'indices') return Uint32Array.from(choice.indices).sort()
  if (vectors === null) throw new Error(`invariant: ${choice.strategy} takes vectors`)
  return (await chooseBy(choice, images, vectors)).sort()
}

async function chooseBy(choice: ByVectors, images: number, vectors: VectorFiles): Promise<Uint32Array> {
  const { dimensions: dim } = vectors
  switch (choice.strategy) {
    case 'balanced':
      return balanced(await readPrototypes(vectors, images), choice)
    case 'diverse': {
      const rows = await readVectors(vectors, images)
      return farthestFirst({ rows, dim }, { first: prng(choice.seed).integer(images), count: choice.count })
    }
    case 'deduplicated':
      return apart({ rows: await readVectors(vectors, images), dim }, choice.maxSimilarity)
    case 'hard':
    case 'typical': {
      const prototypes = await readPrototypes(vectors, images)
      const similarities = similaritiesToMeans(await readVectors(vectors, images), prototypes, dim)
      const sign = choice.strategy === 'hard' ? 1 : -1
      const order = Uint32Array.from({ length: images }, (_, i) => i)
      return order.sort((a, b) => sign * (similarities[a]! - similarities[b]!) || a - b).slice(0, choice.count)
    }
  }
}

/** The same number of each prototype, as long as it has them; which of them, chance says. */
function balanced(
  prototypes: Int32Array,
  { count, seed }: { readonly count: number; readonly seed: number }
): Uint32Array {
  const members = new Map<number, number[]>()
  for (const [image, prototype] of prototypes.entries()) {
    const known = members.get(prototype)
    if (known === undefined) members.set(prototype, [image])
    else known.push(image)
  }
  const heaps = [...members].sort(([a], [b]) => a - b)
  const shares = evenShares(
    heaps.map(([, heap]) => heap.length),
    count
  )
  return Uint32Array.from(
    heaps.flatMap(([prototype, heap], i) => {
      const drawn = prng(seed, prototype).permutation(heap.length).subarray(0, shares[i])
      return Array.from(drawn, (at) => heap[at]!)
    })
  )
}

/** Cosine of each image with the mean direction of those of its prototype. */
function similaritiesToMeans(rows: Float32Array, prototypes: Int32Array, dim: number): Float64Array {
  const sums = new Map<number, Float64Array>()
  for (const [image, prototype] of prototypes.entries()) {
    const sum = sums.get(prototype) ?? new Float64Array(dim)
    sums.set(prototype, sum)
    for (let i = 0; i < dim; i++) sum[i]! += rows[image * dim + i]!
  }
  return Float64Array.from(prototypes, (prototype, image) => {
    const sum = sums.get(prototype)!
    let dot = 0
    let squares = 0
    for (let i = 0; i < dim; i++) {
      dot += sum[i]! * rows[image * dim + i]!
      squares += sum[i]! * sum[i]!
    }
    // Vectors that cancel each other have no direction.
    return squares === 0 ? 0 : dot / Math.sqrt(squares)
  })
}
