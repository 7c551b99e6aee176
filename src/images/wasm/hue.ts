/**
 * A turn of the hue, by tables. Pillow's HSV has 8 bits a component, so what it computes per pixel has few arguments:
 *
 *   hues          hue by [which channel is the largest][difference of the other two + 256][largest − smallest]
 *   saturations   by [largest − smallest][largest]
 *   lows          the smallest channel of the result by [saturation][largest]
 *   shares        saturation / 255 in float32, as float64
 *   turns         by hue after the turn, 16 bytes: how far the middle channel is from the largest, as a share of the
 *                 saturation (float64); whether that product is rounded to float32; shifts of red, green and blue
 *
 * The middle channel has three arguments and is computed.
 */
import { type Code, type Kernel, kernel, type Local } from './assemble.ts'
import { choose, count, f64, i32 } from './instructions.ts'

export const TABLES = {
  hues: 0,
  saturations: 3 * 512 * 256,
  lows: 3 * 512 * 256 + 65536,
  shares: 3 * 512 * 256 + 2 * 65536,
  turns: 3 * 512 * 256 + 2 * 65536 + 2048,
  end: 3 * 512 * 256 + 2 * 65536 + 2048 + 4096
}

/** Where a channel is found in largest + 2^8 · middle + 2^16 · smallest. */
export const SHIFTS = { largest: 0, middle: 8, smallest: 16 }

const smaller = (a: Code, b: Code): Code => choose(i32.lessSigned(a, b), a, b)
const larger = (a: Code, b: Code): Code => choose(i32.lessSigned(a, b), b, a)

export const turnHue: Kernel = kernel(
  'turnHue',
  { parameters: { at: 'i32', end: 'i32', turn: 'i32' } },
  ({ at, end, turn }, local) => {
    const [r, g, b, high, range, index, saturation, entry] = Array.from({ length: 8 }, () => local('i32')) as [
      ...[Local, Local, Local, Local, Local, Local, Local, Local]
    ]
    const product = local('f64')
    const differences = [i32.subtract(g, b), i32.add(i32.subtract(b, r), 512), i32.add(i32.subtract(r, g), 1024)]
    const largest = choose(
      i32.equals(r, high),
      differences[0]!,
      choose(i32.equals(g, high), differences[1]!, differences[2]!)
    )
    const place = (distance: Code) => i32.truncateFloat64(f64.add(distance, f64.constant(0.5)))
    const middle = place(f64.multiply(f64.fromInt32(high), f64.subtract(f64.constant(1), product)))
    const pixel = [
      r.set(i32.load8(at, 0)),
      g.set(i32.load8(at, 1)),
      b.set(i32.load8(at, 2)),
      high.set(larger(larger(r, g), b)),
      range.set(i32.subtract(high, smaller(smaller(r, g), b))),
      index.set(i32.load8(i32.add(i32.shiftLeft(i32.add(largest, 256), 8), range), TABLES.hues)),
      entry.set(i32.shiftLeft(i32.and(i32.add(index, turn), 255), 4)),
      saturation.set(i32.load8(i32.add(i32.shiftLeft(range, 8), high), TABLES.saturations)),
      product.set(f64.multiply(f64.load(i32.shiftLeft(saturation, 3), TABLES.shares), f64.load(entry, TABLES.turns))),
      product.set(choose(i32.load8(entry, TABLES.turns + 8), f64.round(product), product)),
      index.set(
        i32.or(
          i32.or(high, i32.shiftLeft(middle, SHIFTS.middle)),
          i32.shiftLeft(i32.load8(i32.add(i32.shiftLeft(saturation, 8), high), TABLES.lows), SHIFTS.smallest)
        )
      ),
      [0, 1, 2].map((channel) =>
        i32.store8(at, i32.shiftRight(index, i32.load8(entry, TABLES.turns + 9 + channel)), channel)
      )
    ]
    return count(at, { from: at, to: end, step: 3 }, pixel)
  }
)
