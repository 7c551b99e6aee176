/** Operations on single pixels. All run in place and may touch up to 63 bytes beyond the end. */
import { type Code, type Kernel, kernel, type Local, type Operand } from './assemble.ts'
import { count, f32x4, i8x16, i16x8, i32, i32x4, v128 } from './instructions.ts'

/** ITU-R 601 in Pillow's fixed point: (19595 r + 38470 g + 7471 b + 2^15) / 2^16. 38470 needs two products of 16 bits. */
const RED_GREEN = 19595 | (32767 << 16)
const BLUE_GREEN = 7471 | ((38470 - 32767) << 16)

const pairs = (first: number, second: number) =>
  [0, 3, 6, 9].flatMap((pixel) => [pixel + first, null, pixel + second, null])

/** Gray of four pixels as four i32. `pixels` is a variable for their bytes. */
const gray4 = (pixels: Local, address: Operand, offset: number): Code => [
  pixels.set(v128.load(address, offset)),
  i32x4.shiftRight(
    i32x4.add(
      i32x4.add(
        i32x4.dot(i8x16.select(pixels, pairs(0, 1)), i32x4.splat(RED_GREEN)),
        i32x4.dot(i8x16.select(pixels, pairs(2, 1)), i32x4.splat(BLUE_GREEN))
      ),
      i32x4.splat(0x8000)
    ),
    16
  )
]

/** Gray of 16 pixels as bytes. */
const gray16 = (pixels: Local, address: Operand): Code => {
  const [a, b, c, d] = [0, 12, 24, 36].map((offset) => gray4(pixels, address, offset)) as [Code, Code, Code, Code]
  return i8x16.narrow(i16x8.narrow(a, b), i16x8.narrow(c, d))
}

/** Of 16 gray values, those of the pixels that third `i` of 48 bytes belongs to. */
const repeated = (gray: Code, third: number): Code =>
  i8x16.select(
    gray,
    Array.from({ length: 16 }, (_, i) => Math.floor((third * 16 + i) / 3))
  )

const THIRDS = [0, 1, 2]
const SPAN = { at: 'i32', end: 'i32' } as const

/** Sum of the luma of RGB pixels; the 63 bytes behind them must be 0. Exact below 2³¹ / 255 pixels. */
const sumOfGray: Kernel = kernel('sumOfGray', { parameters: SPAN, result: 'i32' }, ({ at, end }, local) => {
  const pixels = local('v128')
  const sum = local('v128')
  const lanes = [0, 1, 2, 3].map((lane) => i32x4.extractLane(sum, lane))
  return [
    count(
      at,
      { from: at, to: end, step: 48 },
      [0, 12, 24, 36].map((offset) => sum.set(i32x4.add(sum, gray4(pixels, at, offset))))
    ),
    lanes.reduce((a, b) => i32.add(a, b))
  ]
})

const desaturate: Kernel = kernel('desaturate', { parameters: SPAN }, ({ at, end }, local) => {
  const pixels = local('v128')
  const gray = local('v128')
  return count(at, { from: at, to: end, step: 48 }, [
    gray.set(gray16(pixels, at)),
    THIRDS.map((third) => v128.store(at, repeated(gray, third), 16 * third))
  ])
})

/** The four quarters of 16 bytes as i32. */
function widen(bytes: Code): Code[] {
  const [low, high] = [i16x8.extendLow(bytes), i16x8.extendHigh(bytes)]
  return [low, high].flatMap((half) => [i32x4.extendLow(half), i32x4.extendHigh(half)])
}

/** Image.blend of Pillow: base + factor · (value − base) in float32, cut to 0 … 255, fraction dropped. */
function blend(base: Local, value: Local, factor: Code): Code {
  const values = widen(value)
  const [a, b, c, d] = widen(base).map((gray, i) => {
    const distance = f32x4.fromInt32(i32x4.subtract(values[i]!, gray))
    return i32x4.truncateFloat32(f32x4.add(f32x4.fromInt32(gray), f32x4.multiply(f32x4.splat(factor), distance)))
  }) as [Code, Code, Code, Code]
  return i8x16.narrow(i16x8.narrow(a, b), i16x8.narrow(c, d))
}

/** Every pixel blended with its own gray. */
const saturate: Kernel = kernel(
  'saturate',
  { parameters: { ...SPAN, factor: 'f32' } },
  ({ at, end, factor }, local) => {
    const pixels = local('v128')
    const gray = local('v128')
    const base = local('v128')
    const third = (i: number) => [
      pixels.set(v128.load(at, 16 * i)),
      base.set(repeated(gray, i)),
      v128.store(at, blend(base, pixels, factor), 16 * i)
    ]
    return count(at, { from: at, to: end, step: 48 }, [gray.set(gray16(pixels, at)), THIRDS.map(third)])
  }
)

/** Every sample through a table of 256 bytes. */
const lookUp: Kernel = kernel('lookUp', { parameters: { ...SPAN, table: 'i32' } }, ({ at, end, table }) =>
  count(
    at,
    { from: at, to: end, step: 8 },
    Array.from({ length: 8 }, (_, i) => i32.store8(at, i32.load8(i32.add(i32.load8(at, i), table)), i))
  )
)

/** v ≥ 128 becomes 255 − v, which is v with all bits turned. */
const solarize: Kernel = kernel('solarize', { parameters: SPAN }, ({ at, end }, local) => {
  const samples = local('v128')
  return count(at, { from: at, to: end, step: 16 }, [
    samples.set(v128.load(at)),
    v128.store(at, v128.xor(samples, i8x16.shiftRightSigned(samples, 7)))
  ])
})

export const COLOUR: readonly Kernel[] = [sumOfGray, desaturate, saturate, lookUp, solarize]
