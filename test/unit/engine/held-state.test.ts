import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEngine } from '../../../src/engine/create-engine.ts'
import type { Program } from '../../../src/engine/program.ts'
import { tf } from '../../../src/engine/tf.ts'
import { withTfjsNode } from '../../helpers/tfjs-node.ts'
import { withXla } from '../../helpers/xla.ts'

/** A walk: a step of bytes, scaled, on a state that decays; the norm before the step is a measurement. */
const walk: Program = {
  name: 'walk',
  inputs: [
    { name: 'place', shape: [2, 2], dtype: 'float32' },
    { name: 'scale', shape: [2], dtype: 'float32' },
    { name: 'decay', shape: [], dtype: 'float32' },
    { name: 'bytes', shape: [2, 2], dtype: 'uint8' }
  ],
  outputs: ['place', 'norm', 'moves'],
  build: ({ place, scale, decay, bytes }) => ({
    place: tf.add(tf.mul(place!, decay!), tf.mul(tf.cast(bytes!, 'float32'), scale!)),
    norm: tf.sum(tf.square(place!)),
    // A decay of 0 is not gone along with.
    moves: tf.sign(decay!)
  })
}
const stateSpecs = walk.inputs.slice(0, 2)
const held = ['place', 'scale']
const begin = { place: Float32Array.of(1, 2, 3, 4), scale: Float32Array.of(0.5, -1) }
const feeds = [1, 0.5, 0.25].map((decay, i) => ({
  decay: Float32Array.of(decay),
  bytes: Uint8Array.of(4 * i + 1, 4 * i + 2, 4 * i + 3, 255 - i)
}))

const engines = await withXla(withTfjsNode([createEngine({ threads: 1 }), createEngine({ name: 'cpu' })]))

for (const engine of engines) {
  test(`three steps of a state that the ${engine.name} engine holds are three runs, bit for bit`, async () => {
    const single = await engine.load(walk)
    const stepping = await engine.loadStepping(walk, { held })
    const state = await engine.hold(stateSpecs, begin)
    let place: Float32Array = begin.place
    for (const one of feeds) {
      const { place: next, ...expected } = await single.run({ ...begin, place, ...one })
      assert.deepEqual(await stepping.step(state, [one]), [expected])
      place = next!
    }
    assert.deepEqual(await state.read(), { ...begin, place })
    assert.deepEqual(await state.read(['scale']), { scale: begin.scale })
    await Promise.all([single.dispose(), stepping.dispose(), state.dispose()])
  })

  test(`the ${engine.name} engine keeps what it holds apart from what it was given and what it gives`, async () => {
    const given = { ...begin, place: begin.place.slice() }
    const state = await engine.hold(stateSpecs, given)
    given.place.fill(0)
    const { place } = await state.read()
    assert.deepEqual(place, begin.place)
    place!.fill(0)
    assert.deepEqual((await state.read()).place, begin.place)
    await state.dispose()
  })

  test(`a step that does not commit leaves a state of the ${engine.name} engine as it was, and the next one moves it`, async () => {
    const stepping = await engine.loadStepping(walk, { held, commitIf: 'moves' })
    const state = await engine.hold(stateSpecs, begin)
    const [refused] = await stepping.step(state, [{ ...feeds[0]!, decay: Float32Array.of(0) }])
    assert.deepEqual([refused!.moves![0], refused!.norm![0]], [0, 30])
    assert.deepEqual(await state.read(), begin)
    await stepping.step(state, [feeds[0]!])
    assert.notDeepEqual(await state.read(), begin)
    await Promise.all([stepping.dispose(), state.dispose()])
  })

  test(`two programs of the ${engine.name} engine take turns on one state, and one may only read it`, async () => {
    const reading: Program = { ...walk, outputs: ['norm'] }
    const [reads, moves] = [await engine.loadStepping(reading, { held }), await engine.loadStepping(walk, { held })]
    const state = await engine.hold(stateSpecs, begin)
    const [before] = await reads.step(state, [feeds[0]!])
    assert.deepEqual(await state.read(), begin)
    const [same] = await moves.step(state, [feeds[0]!])
    const [after] = await reads.step(state, [feeds[0]!])
    assert.equal(same!.norm![0], before!.norm![0])
    assert.notEqual(after!.norm![0], before!.norm![0])
    await Promise.all([reads.dispose(), moves.dispose(), state.dispose()])
  })

  test(`the ${engine.name} engine refuses a state that lacks an input, is another engine’s or is disposed of`, async () => {
    const stepping = await engine.loadStepping(walk, { held })
    const poor = await engine.hold(stateSpecs.slice(0, 1), begin)
    await assert.rejects(stepping.step(poor, [{ ...feeds[0]!, scale: begin.scale }]), /the held state has scale/)
    await assert.rejects(poor.read(['scale']), /the held state has scale/)
    const foreign = await createEngine({ name: 'cpu' }).hold(stateSpecs, begin)
    await assert.rejects(stepping.step(foreign, [feeds[0]!]), /of the engine that steps/)
    const gone = await engine.hold(stateSpecs, begin)
    await gone.dispose()
    await assert.rejects(gone.read(), /not disposed of/)
    await assert.rejects(engine.hold(stateSpecs, { ...begin, scale: new Float32Array(3) }), /scale of shape \[2\]/)
    const state = await engine.hold(stateSpecs, begin)
    await assert.rejects(stepping.step(state, []), /feeds, not 0|feeds of 1 devices, not 0/)
    await Promise.all([stepping.dispose(), poor.dispose(), foreign.dispose(), state.dispose()])
  })
}
