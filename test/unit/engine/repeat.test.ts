import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEngine } from '../../../src/engine/create-engine.ts'
import type { Program, Repeat } from '../../../src/engine/program.ts'
import { tf } from '../../../src/engine/tf.ts'

/** A walk: a step of bytes, scaled, on a state that decays; the norm before the step is a measurement. */
const walk: Program = {
  name: 'walk',
  inputs: [
    { name: 'place', shape: [2, 2], dtype: 'float32' },
    { name: 'scale', shape: [2], dtype: 'float32' },
    { name: 'decay', shape: [], dtype: 'float32' },
    { name: 'bytes', shape: [2, 2], dtype: 'uint8' }
  ],
  outputs: ['place', 'norm', 'rows'],
  build: ({ place, scale, decay, bytes }) => ({
    place: tf.add(tf.mul(place!, decay!), tf.mul(tf.cast(bytes!, 'float32'), scale!)),
    norm: tf.sum(tf.square(place!)),
    rows: tf.sum(place!, 1)
  })
}
const repeat: Repeat = { carried: ['place'], each: ['decay', 'bytes'] }
const place = Float32Array.of(1, 2, 3, 4)
const scale = Float32Array.of(0.5, -1)
const decay = Float32Array.of(1, 0.5, 0.25)
const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255)

for (const name of ['onnx', 'cpu'] as const) {
  const engine = createEngine({ name, threads: 1 })

  test(`three runs in one call of the ${name} engine are three calls, bit for bit`, async () => {
    const single = await engine.load(walk)
    let at: Float32Array = place
    const norms: number[] = []
    const rows: number[] = []
    for (let i = 0; i < 3; i++) {
      const feeds = { decay: decay.subarray(i, i + 1), bytes: bytes.subarray(4 * i, 4 * i + 4) }
      const outputs = await single.run({ place: at, scale, ...feeds })
      at = outputs['place']!
      norms.push(outputs['norm']![0]!)
      rows.push(...outputs['rows']!)
    }
    const repeated = await engine.load(walk, { repeat })
    const outputs = await repeated.run({ place, scale, decay, bytes })
    assert.deepEqual(outputs['place'], at)
    assert.deepEqual([...outputs['norm']!], norms)
    assert.deepEqual([...outputs['rows']!], rows)
    await Promise.all([single.dispose(), repeated.dispose()])
  })

  test(`the ${name} engine repeats as often as it is fed, and leaves what it was fed`, async () => {
    const repeated = await engine.load(walk, { repeat })
    const once = await repeated.run({ place, scale, decay: decay.subarray(0, 1), bytes: bytes.subarray(0, 4) })
    assert.equal(once['norm']!.length, 1)
    const twice = await repeated.run({ place, scale, decay: decay.subarray(0, 2), bytes: bytes.subarray(0, 8) })
    assert.equal(twice['norm']!.length, 2)
    assert.deepEqual([...place], [1, 2, 3, 4])
    await repeated.dispose()
  })
}
