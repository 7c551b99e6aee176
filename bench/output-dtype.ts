/**
 * How many of an image's ten nearest neighbours are still among its ten nearest when vectors have fewer bits, or fewer numbers? By cosine,
 * binary by the number of equal bits.
 *
 *   npm run bench -- output-dtype --model FOLDER --images SOURCE [--queries 1000] [--dimensions 48,24]
 */
import { parseArgs } from 'node:util'
import { OUTPUT_DTYPES, packVector } from '../src/base/output-dtype.ts'
import { openModel, originOf } from '../src/cli/images.ts'
import { embedImages } from '../src/serving/embed-images.ts'

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    images: { type: 'string' },
    queries: { type: 'string', default: '1000' },
    dimensions: { type: 'string', default: '' }
  }
})
if (values.model === undefined || values.images === undefined) throw new Error('--model and --images are needed')
const K = 10
const origin = await originOf('images', values.images)
const model = await openModel(values.model, undefined)
const vectors: Float32Array[] = []
for await (const { images } of embedImages({ origin, target: model.config, program: await model.open('embed') }))
  vectors.push(...images.map(({ embedding }) => embedding))
await model.dispose()

type Rows = readonly Float32Array[]

/** Bits as ±1: their product counts those that are equal. */
const spread = (bits: ArrayLike<number>, dimensions: number): Float32Array =>
  Float32Array.from({ length: dimensions }, (_, i) => ((bits[i >> 3]! >> (7 - (i & 7))) & 1 ? 1 : -1))

const unit = (row: Float32Array): Float32Array => {
  const length = Math.hypot(...row) || 1
  return row.map((value) => value / length)
}

/** Of equal ones the first. */
function nearest(query: Float32Array, bank: Rows): number[] {
  const best: { readonly at: number; readonly score: number }[] = []
  for (const [at, row] of bank.entries()) {
    let score = 0
    for (let i = 0; i < row.length; i++) score += row[i]! * query[i]!
    if (best.length === K && score <= best[K - 1]!.score) continue
    const place = best.findIndex((one) => one.score < score)
    best.splice(place < 0 ? best.length : place, 0, { at, score })
    best.length = Math.min(K, best.length)
  }
  return best.map(({ at }) => at)
}

const queries = Number(values.queries)
const neighbours = (rows: Rows): number[][] => {
  const bank = rows.slice(queries)
  return rows.slice(0, queries).map((query) => nearest(query, bank))
}
const truth = neighbours(vectors)

function tell(name: string, rows: Rows): void {
  const found = neighbours(rows)
  const kept = truth.reduce((sum, own, i) => sum + own.filter((one) => found[i]!.includes(one)).length, 0)
  console.log(`${name}: recall@${K} ${(kept / (K * queries)).toFixed(4)}`)
}

const { length } = vectors[0]!
console.log(`${queries} queries, ${vectors.length - queries} images, ${length} dimensions`)
for (const dtype of OUTPUT_DTYPES) {
  if (dtype === 'float32') continue
  tell(
    dtype,
    vectors.map((vector) => {
      const { numbers } = packVector(vector, dtype)
      if (dtype === 'binary') return spread(numbers, length)
      return unit(Float32Array.from(numbers, (value) => (dtype === 'uint8' ? value - 128 : value)))
    })
  )
}
for (const some of values.dimensions.split(',').filter(Boolean).map(Number))
  tell(
    `first ${some}`,
    vectors.map((vector) => unit(vector.slice(0, some)))
  )
