/** Pillow's conversion between RGB and 8-bit HSV as tables for wasm/hue.ts. Every rounding here is one in its Convert.c. */
import { SHIFTS, TABLES } from './wasm/hue.ts'

/** Of the largest channel (0 red, 1 green, 2 blue) and the difference of the two that follow it around the circle. */
function hueOf(largest: number, difference: number, range: number): number {
  // One of the two others is the smallest, whose distance from the largest is the range.
  const first = Math.fround((difference < 0 ? range : range - difference) / range)
  const second = Math.fround((difference < 0 ? range + difference : range) / range)
  const sixths = Math.fround(largest === 0 ? Math.fround(second - first) : 2 * largest + second - first)
  const turns = sixths / 6 + 1
  return Math.trunc(Math.fround(turns - Math.floor(turns)) * 255)
}

function fillHues(memory: Uint8Array): void {
  for (let largest = 0; largest < 3; largest++) {
    for (let difference = -255; difference <= 255; difference++) {
      const row = TABLES.hues + (largest * 512 + difference + 256) * 256
      for (let range = Math.max(1, Math.abs(difference)); range < 256; range++) {
        memory[row + range] = hueOf(largest, difference, range)
      }
    }
  }
}

const shareOf = (saturation: number): number => Math.fround(saturation / 255)

function fillSaturations(memory: Uint8Array): void {
  for (let high = 0; high < 256; high++) {
    for (let range = 1; range <= high; range++) {
      memory[TABLES.saturations + range * 256 + high] = Math.trunc(Math.fround(range / high) * 255)
    }
    for (let saturation = 0; saturation < 256; saturation++) {
      memory[TABLES.lows + saturation * 256 + high] = Math.floor(high * (1 - shareOf(saturation)) + 0.5)
    }
  }
}

/** The places of red, green and blue in each sixth of the circle. */
const SECTORS = (['lms', 'mls', 'slm', 'sml', 'msl', 'lsm'] as const).map((order) =>
  [...order].map((letter) => (letter === 'l' ? SHIFTS.largest : letter === 'm' ? SHIFTS.middle : SHIFTS.smallest))
)

function fillTurns(view: DataView): void {
  for (let saturation = 0; saturation < 256; saturation++) {
    view.setFloat64(TABLES.shares + 8 * saturation, shareOf(saturation), true)
  }
  for (let hue = 0; hue < 256; hue++) {
    const sixths = (hue * 6) / 255
    const sector = Math.floor(sixths)
    const fraction = Math.fround(sixths - sector)
    const isFalling = sector % 2 === 1
    const entry = TABLES.turns + 16 * hue
    view.setFloat64(entry, isFalling ? fraction : 1 - fraction, true)
    view.setUint8(entry + 8, isFalling ? 1 : 0)
    for (const [channel, shift] of SECTORS[sector % 6]!.entries()) view.setUint8(entry + 9 + channel, shift)
  }
}

/** Writes all tables to the beginning of the memory. */
export function fillHueTables(memory: ArrayBuffer): void {
  const bytes = new Uint8Array(memory)
  fillHues(bytes)
  fillSaturations(bytes)
  fillTurns(new DataView(memory))
}
