import assert from 'node:assert/strict'
import { test } from 'node:test'
import sharp from 'sharp'
import { drawMap, viridis } from '../../../src/images/colour-map.ts'

/** Lightness of CIELAB, which is how large a step looks. */
function lightness(colour: readonly number[]): number {
  const [r, g, b] = colour.map((part) => {
    const value = part / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 116 * Math.cbrt(0.2126 * r + 0.7152 * g + 0.0722 * b) - 16
}

test('equal steps of a map look equally large', () => {
  const steps = Array.from({ length: 32 }, (_, i) => lightness(viridis((i + 1) / 32)) - lightness(viridis(i / 32)))
  assert.ok(Math.min(...steps) > 1.5 && Math.max(...steps) < 3.5, `${Math.min(...steps)} … ${Math.max(...steps)}`)
  assert.deepEqual([viridis(-1), viridis(2)], [viridis(0), viridis(1)])
})

test('a patch is drawn where it lies, over the image in gray or alone', async () => {
  const data = new Uint8Array(4 * 4 * 3).fill(255)
  const under = { data, width: 4, height: 4, channels: 3 }
  const map = { values: Float32Array.of(0, 0.5, 0, 1), side: 2, range: [0, 1] as const }
  for (const isOver of [false, true]) {
    const { data: drawn, info } = await sharp(drawMap(map, under, isOver))
      .raw()
      .toBuffer({ resolveWithObject: true })
    assert.equal(info.width, 224)
    const at = (x: number, y: number) => [...drawn.subarray(3 * (y * 224 + x), 3 * (y * 224 + x) + 3)]
    const expected = (share: number) => viridis(share).map((part) => (isOver ? Math.round(part * 0.6 + 102) : part))
    assert.deepEqual([at(10, 10), at(200, 10), at(10, 200), at(200, 200)], [0, 0.5, 0, 1].map(expected))
  }
})

test('a map that is the same everywhere has one colour', async () => {
  const under = { data: new Uint8Array(256), width: 16, height: 16, channels: 1 }
  const flat = drawMap({ values: new Float32Array(4), side: 2, range: [0, 0] }, under, false)
  const { channels } = await sharp(flat).stats()
  assert.ok(channels.every(({ min, max }) => min === max))
})
