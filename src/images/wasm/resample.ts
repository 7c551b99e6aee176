/**
 * One axis of a resize. Weights are 24 bits with their sign, samples 8: a weight is cut into a high part and 12 low bits,
 * and one multiplication of 16-bit pairs takes two samples at a time with either part. The sum is the 32-bit integer
 * that Pillow's Resample.c has, so the result is too.
 *
 * A table of weights has one entry per output position: 16 bytes with the first input position, then blocks of 16 bytes
 * for four inputs each: the high parts of inputs 0 and 1, of 2 and 3, then the low parts of both pairs.
 */
import { type Code, type Kernel, kernel, type Local } from './assemble.ts'
import { count, i8x16, i16x8, i32, i32x4, repeat, v128 } from './instructions.ts'

export const WEIGHT_BITS = 22
export const LOW_BITS = 12
/** Rows that the kernels take at once; they write as many beyond the last, and read as many. */
export const ROWS_AT_ONCE = 4

const HALF = 1 << (WEIGHT_BITS - 1)

/** high · 2^12 + low, rounded and without its fraction. */
const combine = (high: Code, low: Code): Code =>
  i32x4.shiftRightSigned(i32x4.add(i32x4.shiftLeft(high, LOW_BITS), low), WEIGHT_BITS)

interface Sums {
  readonly high: Local
  readonly low: Local
}

const clear = ({ high, low }: Sums): Code => [high.set(i32x4.splat(0)), low.set(i32x4.splat(HALF))]

/** Adds pairs of i16 samples times the two parts of their weights. */
const accumulate = ({ high, low }: Sums, pairs: Local, weights: { high: Code; low: Code }): Code => [
  high.set(i32x4.add(high, i32x4.dot(pairs, weights.high))),
  low.set(i32x4.add(low, i32x4.dot(pairs, weights.low)))
]

/** Parameters of the row kernels; `step` is the distance of entries in bytes, negative to mirror the result. */
const ROWS = {
  source: 'i32',
  stride: 'i32',
  rows: 'i32',
  target: 'i32',
  targetStride: 'i32',
  size: 'i32',
  table: 'i32',
  step: 'i32',
  blocks: 'i32'
} as const

interface RowLoop {
  readonly entry: Local
  readonly from: Local
  readonly weight: Local
  readonly out: Local
}

/** All output positions of all rows, four rows at a time. `pixel` adds up one block, `finish` stores one position. */
function rowLoops(
  p: { readonly [K in keyof typeof ROWS]: Local },
  { local, loop, channels }: { local: (type: 'i32') => Local; loop: RowLoop; channels: 1 | 3 },
  body: { begin: Code; block: Code; finish: Code }
): Code {
  const y = local('i32')
  const x = local('i32')
  const row = local('i32')
  const end = local('i32')
  const { entry, from, weight, out } = loop
  const position = [
    from.set(i32.add(row, i32.multiply(i32.load(entry), channels))),
    weight.set(i32.add(entry, 16)),
    end.set(i32.add(weight, i32.shiftLeft(p.blocks, 4))),
    body.begin,
    repeat(
      [body.block, from.set(i32.add(from, 4 * channels)), weight.set(i32.add(weight, 16))],
      i32.lessUnsigned(weight, end)
    ),
    body.finish,
    out.set(i32.add(out, channels)),
    entry.set(i32.add(entry, p.step))
  ]
  return count(y, { from: 0, to: p.rows, step: ROWS_AT_ONCE }, [
    row.set(i32.add(p.source, i32.multiply(y, p.stride))),
    out.set(i32.add(p.target, i32.multiply(y, p.targetStride))),
    entry.set(p.table),
    count(x, { from: 0, to: p.size, step: 1 }, position)
  ])
}

const rowsOf = (start: Local, stride: Local): Code[] => [
  start,
  i32.add(start, stride),
  i32.add(start, i32.shiftLeft(stride, 1)),
  i32.add(start, i32.multiply(stride, 3))
]

const weightPairs = (weight: Local) => [
  { high: v128.load32Splat(weight, 0), low: v128.load32Splat(weight, 8) },
  { high: v128.load32Splat(weight, 4), low: v128.load32Splat(weight, 12) }
]

/** Red, green and blue of two pixels next to one another as three pairs of i16. */
const rgbPairs = (first: number): (number | null)[] =>
  [0, 1, 2, null].flatMap((c) => (c === null ? [null, null, null, null] : [first + c, null, first + 3 + c, null]))

/** Rows of RGB. Writes one byte beyond each row. */
const rowsRgb: Kernel = kernel('rowsRgb', { parameters: ROWS }, (p, local) => {
  const loop = { entry: local('i32'), from: local('i32'), weight: local('i32'), out: local('i32') }
  const sums = Array.from({ length: ROWS_AT_ONCE }, () => ({ high: local('v128'), low: local('v128') }))
  const pixels = local('v128')
  const pairs = local('v128')
  const weights = weightPairs(loop.weight)
  const block = rowsOf(loop.from, p.stride).map((address, row) => [
    pixels.set(v128.load(address)),
    weights.map((pair, i) => [pairs.set(i8x16.select(pixels, rgbPairs(6 * i))), accumulate(sums[row]!, pairs, pair)])
  ])
  const [a, b, c, d] = sums.map(({ high, low }) => combine(high, low)) as [Code, Code, Code, Code]
  const finish = [
    pixels.set(i8x16.narrow(i16x8.narrow(a, b), i16x8.narrow(c, d))),
    rowsOf(loop.out, p.targetStride).map((address, row) => v128.store32Lane(address, pixels, row))
  ]
  return rowLoops(p, { local, loop, channels: 3 }, { begin: sums.map(clear), block, finish })
})

/** Rows of gray: the four rows are the four lanes. */
const rowsGray: Kernel = kernel('rowsGray', { parameters: ROWS }, (p, local) => {
  const loop = { entry: local('i32'), from: local('i32'), weight: local('i32'), out: local('i32') }
  const sums = { high: local('v128'), low: local('v128') }
  const pixels = local('v128')
  const pairs = local('v128')
  const pairsOf = (first: number) => [0, 4, 8, 12].flatMap((row) => [row + first, null, row + first + 1, null])
  const block = [
    rowsOf(loop.from, p.stride).map((address, row) => pixels.set(v128.load32Lane(address, pixels, row))),
    weightPairs(loop.weight).map((pair, i) => [
      pairs.set(i8x16.select(pixels, pairsOf(2 * i))),
      accumulate(sums, pairs, pair)
    ])
  ]
  const sum = combine(sums.high, sums.low)
  const finish = [
    pixels.set(sum),
    pixels.set(i8x16.narrow(i16x8.narrow(pixels, pixels), i16x8.narrow(pixels, pixels))),
    rowsOf(loop.out, p.targetStride).map((address, row) => v128.store8Lane(address, pixels, row))
  ]
  return rowLoops(p, { local, loop, channels: 1 }, { begin: clear(sums), block, finish })
})

const interleave = (first: number): number[] => Array.from({ length: 8 }, (_, i) => [first + i, first + i + 16]).flat()

/** Columns, 16 samples at a time. Writes up to 15 bytes beyond the last row, and beyond others before they are written. */
const columns: Kernel = kernel(
  'columns',
  {
    parameters: {
      source: 'i32',
      stride: 'i32',
      target: 'i32',
      targetStride: 'i32',
      size: 'i32',
      table: 'i32',
      blocks: 'i32'
    }
  },
  (p, local) => {
    const [y, x, entry, from, weight, start, end] = Array.from({ length: 7 }, () => local('i32')) as [
      ...[Local, Local, Local, Local, Local, Local, Local]
    ]
    const sums = Array.from({ length: 4 }, () => ({ high: local('v128'), low: local('v128') }))
    const bytes = local('v128')
    const pairs = local('v128')
    const rows = rowsOf(from, p.stride)
    const block = weightPairs(weight).map((pair, i) =>
      [0, 8].map((first, half) => [
        bytes.set(i8x16.shuffle(v128.load(rows[2 * i]!), v128.load(rows[2 * i + 1]!), interleave(first))),
        pairs.set(i16x8.extendLow(bytes)),
        accumulate(sums[2 * half]!, pairs, pair),
        pairs.set(i16x8.extendHigh(bytes)),
        accumulate(sums[2 * half + 1]!, pairs, pair)
      ])
    )
    const [a, b, c, d] = sums.map(({ high, low }) => combine(high, low)) as [Code, Code, Code, Code]
    const sixteen = [
      from.set(i32.add(start, x)),
      weight.set(i32.add(entry, 16)),
      sums.map(clear),
      repeat(
        [block, from.set(i32.add(from, i32.shiftLeft(p.stride, 2))), weight.set(i32.add(weight, 16))],
        i32.lessUnsigned(weight, end)
      ),
      v128.store(i32.add(p.target, x), i8x16.narrow(i16x8.narrow(a, b), i16x8.narrow(c, d)))
    ]
    return [
      entry.set(p.table),
      count(y, { from: 0, to: p.size, step: 1 }, [
        start.set(i32.add(p.source, i32.multiply(i32.load(entry), p.stride))),
        end.set(i32.add(i32.add(entry, 16), i32.shiftLeft(p.blocks, 4))),
        count(x, { from: 0, to: p.targetStride, step: 16 }, sixteen),
        entry.set(end),
        p.target.set(i32.add(p.target, p.targetStride))
      ])
    ]
  }
)

export const RESAMPLE: readonly Kernel[] = [rowsRgb, rowsGray, columns]
