/** Programs of a device within their part of the memory, and a device that is lost. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createDevicePrograms } from '../../../src/serving/device-programs.ts'
import { MOST_PROGRAMS, roomOf } from '../../../src/serving/device-room.ts'
import { type FakeDevice, fakeDevice, imagesOf, outOfMemory, partsOf } from './fake-device.ts'

const program = (batch: number, name?: string) => partsOf([batch], name).programs[0]!

async function on(device: FakeDevice, maxBytes = 1e9) {
  const lost: unknown[] = []
  const programs = createDevicePrograms({
    device,
    maxBytes,
    onLost: (error) => void lost.push(error),
    report: () => {}
  })
  return { programs: programs.of({ folder: 'model' }), of: programs.of, lost, weights: await device.hold([], {}) }
}

test('the parts of the memory are all of it, however many runs there are', () => {
  for (const runs of [1, 2]) {
    const { weightBytes, runBytes, programBytes } = roomOf(1024, runs)
    assert.equal(weightBytes + runBytes * runs + programBytes, 1024)
  }
})

test('one program is compiled at a time, and each of them once', async () => {
  let [compiling, most] = [0, 0]
  const device = fakeDevice({
    beforeCompile: async () => {
      most = Math.max(most, ++compiling)
      await Promise.resolve()
      compiling--
    }
  })
  const { programs } = await on(device)
  await Promise.all([1, 2, 2, 4].map((batch) => programs.prepare(program(batch))))
  assert.deepEqual([device.compiled.length, most], [3, 1])
})

test('projects take turns at compiling: many sizes of one do not keep the first image of another waiting', async () => {
  const device = fakeDevice({ beforeCompile: () => nextTurn() })
  const { of } = await on(device)
  const greedy = Array.from({ length: 20 }, (_, i) =>
    of({ projectId: 'greedy', folder: `model ${i % 5}` }).prepare(program(1, `size ${i}`))
  )
  await of({ projectId: 'other', folder: 'model' }).prepare(program(1, 'wanted'))
  assert.ok(device.compiled.indexOf('wanted 1') <= 2, device.compiled.join(', '))
  await Promise.all(greedy)
  assert.equal(device.compiled.length, 21)
})

test('a compilation that fails does not stop the next one, and is tried again when it is asked for again', async () => {
  let isBroken = true
  const device = fakeDevice({
    beforeCompile: (batch) => {
      if (batch === 1 && isBroken) throw new Error('ptxas is missing')
    }
  })
  const { programs } = await on(device)
  const [failed, other] = await Promise.allSettled([programs.prepare(program(1)), programs.prepare(program(2))])
  assert.deepEqual([failed.status, other.status], ['rejected', 'fulfilled'])
  isBroken = false
  assert.equal(await programs.prepare(program(1)), 1)
})

test('no more programs are kept than there may be, and one that left is compiled again', async () => {
  const device = fakeDevice()
  const { programs } = await on(device)
  for (let i = 0; i < MOST_PROGRAMS + 3; i++) await programs.prepare(program(1, `network ${i}`))
  assert.equal(device.held().programs, MOST_PROGRAMS)
  await programs.prepare(program(1, 'network 0'))
  assert.equal(device.compiled.filter((text) => text === 'network 0 1').length, 2)
})

test('a device that fails run after run is lost; one that is only full is not', async () => {
  let thrown: Error | null = null
  const device = fakeDevice({
    beforeRun: () => {
      if (thrown) throw thrown
    }
  })
  const { programs, lost, weights } = await on(device)
  const run = () => programs.run(program(1), weights, imagesOf(1)[0]!)
  const failTimes = async (times: number, error: Error) => {
    thrown = error
    for (let i = 0; i < times; i++) await assert.rejects(run())
    thrown = null
  }
  await failTimes(20, outOfMemory())
  await failTimes(4, new Error('illegal address'))
  await run()
  await failTimes(4, new Error('illegal address'))
  assert.equal(lost.length, 0)
  await failTimes(1, new Error('illegal address'))
  assert.deepEqual(lost.map(String), ['Error: illegal address'])
})
