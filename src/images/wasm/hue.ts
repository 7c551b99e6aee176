/**
 * A turn of the hue as Pillow makes it, RGB to HSV in 8 bits a component and back, four pixels at a time. Pillow
 * computes partly in double precision; float32 in this order gives the same integers for each of the 2^24 colours
 * (test/conformance/images/hue.test.ts).
 */
import { type Code, type Kernel, kernel, type Local } from './assemble.ts'
import { count, f32x4, i8x16, i32, i32x4, v128 } from './instructions.ts'

/** A channel of four pixels as i32. */
const channel = (pixels: Local, c: number): Code =>
  i8x16.select(
    pixels,
    [0, 3, 6, 9].flatMap((pixel) => [pixel + c, null, null, null])
  )

/** A byte in each of the lower three bytes of all four lanes, for red, green and blue. */
const perChannel = (red: number, green: number, blue: number): Code => i32x4.splat(red | (green << 8) | (blue << 16))

/**
 * Which of largest (0), middle (1) and smallest (2) red is, in each sixth of the circle. Green is what red was two sixths
 * before, blue what it was four before: green begins at the fifth entry, blue at the third.
 */
const RED_OF_SIXTH = [0, 1, 2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0, 0, 0, 0]
const [GREEN_STEP, BLUE_STEP] = [4, 2]

/** 255 · 255: saturation and place within a sixth are both of 255. */
const UNIT = 1 / 65025

type Vectors = Readonly<Record<'pixels' | 'r' | 'g' | 'b' | 'high' | 'range' | 'a' | 'c' | 'd', Local>>

/** Sets `c` to the hue in 0 … 255. Twice a sixth's number is 0, 2 or 4 after the largest channel. */
function hueOf({ r, g, b, high, range, a, c, d }: Vectors): Code {
  const isRed = i32x4.equals(r, high)
  const isGreen = i32x4.equals(g, high)
  const difference = v128.select(
    i32x4.subtract(g, b),
    v128.select(i32x4.subtract(b, r), i32x4.subtract(r, g), isGreen),
    isRed
  )
  const start = v128.select(i32x4.splat(0), v128.select(i32x4.splat(2), i32x4.splat(4), isGreen), isRed)
  const isNegative = i32x4.shiftRightSigned(d, 31)
  const share = f32x4.divide(f32x4.fromInt32(i32x4.subtract(range, i32x4.absolute(d))), f32x4.fromInt32(range))
  return [
    d.set(difference),
    a.set(isNegative),
    // start + 1 − share, or start − 1 + share: the sign is the share's highest bit.
    c.set(v128.xor(share, i32x4.shiftLeft(v128.not(a), 31))),
    c.set(f32x4.add(f32x4.fromInt32(i32x4.add(start, v128.or(a, i32x4.splat(1)))), c)),
    c.set(f32x4.divide(c, f32x4.constant(6))),
    // A turn more where it is negative.
    a.set(v128.and(i32x4.shiftRightSigned(c, 31), f32x4.constant(1))),
    c.set(i32x4.truncateFloat32(f32x4.multiply(f32x4.add(c, a), f32x4.constant(255))))
  ]
}

/** high − high · saturation · distance, rounded; the product of the latter two is of 255 · 255. */
const lowered = (high: Local, product: Code): Code => {
  const largest = f32x4.fromInt32(high)
  const loss = f32x4.multiply(largest, f32x4.multiply(f32x4.fromInt32(product), f32x4.constant(UNIT)))
  return i32x4.truncateFloat32(f32x4.subtract(f32x4.add(largest, f32x4.constant(0.5)), loss))
}

/** Sets `pixels` to red, green, blue and a byte of no meaning, of the hue in `c` and the saturation in `d`. */
function toRgb({ pixels, high, a, c, d, r, g, b }: Vectors): Code {
  return [
    r.set(i32x4.multiply(c, i32x4.splat(6))),
    // The sixth: its number in 0 … 6, and the place within it in 0 … 254.
    g.set(i32x4.shiftRight(i32x4.multiply(i32x4.add(r, i32x4.splat(1)), i32x4.splat(257)), 16)),
    r.set(i32x4.subtract(r, i32x4.multiply(g, i32x4.splat(255)))),
    // In even sixths the middle channel rises: its distance from the largest is 255 less the place.
    a.set(v128.and(i32x4.subtract(v128.and(g, i32x4.splat(1)), i32x4.splat(1)), i32x4.splat(255))),
    r.set(v128.xor(r, a)),
    b.set(i32x4.shiftLeft(lowered(high, i32x4.multiply(d, r)), 8)),
    a.set(i32x4.shiftLeft(lowered(high, i32x4.multiply(d, i32x4.splat(255))), 16)),
    // Bytes 0, 1 and 2 of each lane are the largest, the middle and the smallest channel; then they change places.
    a.set(v128.or(v128.or(high, b), a)),
    g.set(i32x4.add(i32x4.multiply(g, perChannel(1, 1, 1)), perChannel(0, GREEN_STEP, BLUE_STEP))),
    g.set(i8x16.permute(v128.constant(RED_OF_SIXTH), g)),
    g.set(v128.or(g, v128.constant([0, 4, 8, 12].flatMap((lane) => [lane, lane, lane, lane])))),
    pixels.set(i8x16.permute(a, g))
  ]
}

const RGB_BYTES = [0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, null, null, null, null]

export const turnHue: Kernel = kernel(
  'turnHue',
  { parameters: { at: 'i32', end: 'i32', turn: 'i32' } },
  ({ at, end, turn }, local) => {
    const names = ['pixels', 'r', 'g', 'b', 'high', 'range', 'a', 'c', 'd'] as const
    const v = Object.fromEntries(names.map((name) => [name, local('v128')])) as Vectors // one for each name
    const saturation = f32x4.multiply(
      f32x4.divide(f32x4.fromInt32(v.range), f32x4.fromInt32(v.high)),
      f32x4.constant(255)
    )
    return count(at, { from: at, to: end, step: 12 }, [
      v.pixels.set(v128.load(at)),
      v.r.set(channel(v.pixels, 0)),
      v.g.set(channel(v.pixels, 1)),
      v.b.set(channel(v.pixels, 2)),
      v.high.set(i32x4.larger(i32x4.larger(v.r, v.g), v.b)),
      v.range.set(i32x4.subtract(v.high, i32x4.smaller(i32x4.smaller(v.r, v.g), v.b))),
      hueOf(v),
      v.c.set(v128.and(i32x4.add(v.c, i32x4.splat(turn)), i32x4.splat(255))),
      // Of black this is 0 / 0, which truncates to 0.
      v.d.set(i32x4.truncateFloat32(saturation)),
      toRgb(v),
      v.pixels.set(i8x16.select(v.pixels, RGB_BYTES)),
      // Twelve bytes and no more: the next four are still to be read.
      v128.store64Lane(at, v.pixels, 0),
      v128.store32Lane(i32.add(at, 8), v.pixels, 2)
    ])
  }
)
