/**
 * Box blurs along runs of samples, `lanes` apart: `lanes` is 3 for the pixels of an RGB row, a row's bytes for columns.
 * The box is `inside` whole samples and a fraction of one more at both ends; its two weights have 24 bits and are cut
 * into 12 high and 12 low ones, as in resample.ts.
 */
import { type Code, type Kernel, kernel, type Local } from './assemble.ts'
import { copyMemory, count, i8x16, i16x8, i32, i32x4, repeat, v128 } from './instructions.ts'

export const PASSES = 3
const WEIGHT_BITS = 24
const LOW_BITS = 12

/** i16 of two vectors by turns: the first four of both, or the last four. */
const pairsOf = (a: Code, b: Code, first: 0 | 8): Code =>
  i8x16.shuffle(
    a,
    b,
    [0, 2, 4, 6].flatMap((i) => [first + i, first + i + 1, first + i + 16, first + i + 17])
  )

interface Pass {
  readonly source: Local
  readonly target: Local
  readonly length: Local
  readonly lanes: Local
  readonly inside: Local
  /** The whole samples' weight in the low 16 bits, the ends' in the high. */
  readonly high: Local
  readonly low: Local
}

/** One pass from `source`, where the run's left margin begins, to `target`, where the run itself begins. */
function pass(p: Pass, local: (type: 'i32' | 'v128') => Local): Code {
  const [i, from, far, step] = [local('i32'), local('i32'), local('i32'), local('i32')]
  const [bytes, sumLow, sumHigh, endsLow, endsHigh] = Array.from({ length: 5 }, () => local('v128')) as [
    ...[Local, Local, Local, Local, Local]
  ]
  const pair = local('v128')
  const weigh = (pairs: Code): Code => [
    pair.set(pairs),
    i32x4.shiftRight(
      i32x4.add(
        i32x4.add(i32x4.shiftLeft(i32x4.dot(pair, i32x4.splat(p.high)), LOW_BITS), i32x4.dot(pair, i32x4.splat(p.low))),
        i32x4.splat(1 << (WEIGHT_BITS - 1))
      ),
      WEIGHT_BITS
    )
  ]
  const addInside = [
    bytes.set(v128.load(from)),
    sumLow.set(i16x8.add(sumLow, i16x8.extendLow(bytes))),
    sumHigh.set(i16x8.add(sumHigh, i16x8.extendHigh(bytes))),
    from.set(i32.add(from, p.lanes))
  ]
  const [a, b, c, d] = [
    weigh(pairsOf(sumLow, endsLow, 0)),
    weigh(pairsOf(sumLow, endsLow, 8)),
    weigh(pairsOf(sumHigh, endsHigh, 0)),
    weigh(pairsOf(sumHigh, endsHigh, 8))
  ] as [Code, Code, Code, Code]
  const sixteen = [
    from.set(i32.add(p.source, i)),
    bytes.set(v128.load(from)),
    endsLow.set(i16x8.extendLow(bytes)),
    endsHigh.set(i16x8.extendHigh(bytes)),
    bytes.set(v128.load(i32.add(from, far))),
    endsLow.set(i16x8.add(endsLow, i16x8.extendLow(bytes))),
    endsHigh.set(i16x8.add(endsHigh, i16x8.extendHigh(bytes))),
    from.set(i32.add(from, p.lanes)),
    sumLow.set(i32x4.splat(0)),
    sumHigh.set(i32x4.splat(0)),
    count(step, { from: 0, to: p.inside, step: 1 }, addInside),
    v128.store(i32.add(p.target, i), i8x16.narrow(i16x8.narrow(a, b), i16x8.narrow(c, d)))
  ]
  return [far.set(i32.multiply(i32.add(p.inside, 1), p.lanes)), count(i, { from: 0, to: p.length, step: 16 }, sixteen)]
}

/** Repeats the first and the last `lanes` samples of a run outwards over `margin` bytes. */
function repeatEdges(
  run: Local,
  p: { length: Local; lanes: Local; margin: Local },
  local: (type: 'i32') => Local
): Code {
  const [i, left, right] = [local('i32'), local('i32'), local('i32')]
  return count(i, { from: 0, to: p.margin, step: 1 }, [
    left.set(i32.subtract(i32.subtract(run, 1), i)),
    i32.store8(left, i32.load8(i32.add(left, p.lanes))),
    right.set(i32.add(i32.add(run, p.length), i)),
    i32.store8(right, i32.load8(i32.subtract(right, p.lanes)))
  ])
}

/**
 * Three box blurs of every run, in place. `scratch` and `other` each hold a run with its margins and 16 bytes; they
 * take turns, since a pass writes beyond the run's end.
 */
const boxBlurs: Kernel = kernel(
  'boxBlurs',
  {
    parameters: {
      at: 'i32',
      end: 'i32',
      length: 'i32',
      lanes: 'i32',
      inside: 'i32',
      high: 'i32',
      low: 'i32',
      scratch: 'i32',
      other: 'i32'
    }
  },
  (p, local) => {
    const [margin, source, target, turn, swap] = Array.from({ length: 5 }, () => local('i32')) as [
      ...[Local, Local, Local, Local, Local]
    ]
    const run = local('i32')
    const one = [
      run.set(i32.add(source, margin)),
      repeatEdges(run, { length: p.length, lanes: p.lanes, margin }, local),
      run.set(i32.add(target, margin)),
      pass({ ...p, source, target: run }, local),
      swap.set(source),
      source.set(target),
      target.set(swap)
    ]
    const body = [
      source.set(p.scratch),
      target.set(p.other),
      copyMemory(i32.add(source, margin), p.at, p.length),
      count(turn, { from: 0, to: PASSES, step: 1 }, one),
      copyMemory(p.at, i32.add(source, margin), p.length),
      p.at.set(i32.add(p.at, p.length))
    ]
    return [
      // The box reaches (inside + 1) / 2 samples to either side.
      margin.set(i32.multiply(i32.shiftRight(i32.add(p.inside, 1), 1), p.lanes)),
      repeat(body, i32.lessSigned(p.at, p.end))
    ]
  }
)

export const BLUR: readonly Kernel[] = [boxBlurs]
