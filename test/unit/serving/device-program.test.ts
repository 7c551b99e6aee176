/** Batches that are filled up, sizes that come and go, and a device without room; on a device of the test. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { openOnDevice } from '../../../src/serving/device-program.ts'
import { createDevicePrograms } from '../../../src/serving/device-programs.ts'
import { type FakeDevice, type FakeDeviceOptions, fakeDevice, imagesOf, outOfMemory, partsOf } from './fake-device.ts'

const SIZES = [1, 2, 4, 8]

function onDevice(device: FakeDevice, maxRunBytes = 100) {
  const reported: unknown[] = []
  const report = (error: unknown) => void reported.push(error)
  const programs = createDevicePrograms({ device, maxBytes: 1e9, onLost: () => {}, report })
  return { on: { device, programs: programs.of({ folder: 'model' }), maxRunBytes, report }, programs, reported }
}

async function opened(options: FakeDeviceOptions = {}, maxRunBytes?: number) {
  const device = fakeDevice(options)
  const { on, programs, reported } = onDevice(device, maxRunBytes)
  const served = await openOnDevice(partsOf(SIZES), on)
  device.ran.length = 0
  return { device, served, programs, reported }
}

const firsts = (rows: readonly Float32Array[]) => rows.map(([first]) => first)
const batches = (rows: readonly Float32Array[]) => rows.map((row) => row[1])

/** What compiles beside the requests has settled. */
async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await nextTurn()
}

test('opening computes one image, so that no request is the first', async () => {
  const device = fakeDevice()
  await openOnDevice(partsOf(SIZES), onDevice(device).on)
  assert.deepEqual([device.compiled, device.ran], [['network 1'], [1]])
})

test('a batch does not wait for its size: smaller ones compute it, and the next one has it', async () => {
  const { served, device } = await opened()
  const images = imagesOf(10, 20, 30)
  const first = (await served.run(images))['embedding']!
  assert.deepEqual(
    [firsts(first), batches(first)],
    [
      [10, 20, 30],
      [1, 1, 1]
    ]
  )
  await settled()
  const second = (await served.run(images))['embedding']!
  assert.deepEqual(
    [firsts(second), batches(second)],
    [
      [10, 20, 30],
      [4, 4, 4]
    ]
  )
  assert.deepEqual(device.ran, [1, 1, 1, 4])
})

test('more images than the largest size are computed in several runs', async () => {
  const { served, device } = await opened()
  const images = imagesOf(...Array.from({ length: 11 }, (_, i) => i))
  for (const count of [8, 3]) {
    await served.run(images.slice(0, count))
    await settled()
  }
  device.ran.length = 0
  const rows = (await served.run(images))['embedding']!
  assert.deepEqual(firsts(rows), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  assert.deepEqual(device.ran, [8, 4])
})

test('a size that cannot be compiled is given up, told, and never asked for again', async () => {
  const { served, device, reported } = await opened({
    beforeCompile: (batch) => {
      if (batch === 4) throw new Error('no such layout')
    }
  })
  const images = imagesOf(1, 2, 3)
  await served.run(images)
  await settled()
  assert.equal(served.batch, 2)
  assert.deepEqual(reported.map(String), ['Error: no such layout'])
  await served.run(images)
  await settled()
  assert.deepEqual(firsts((await served.run(images))['embedding']!), [1, 2, 3])
  assert.deepEqual(device.compiled, ['network 1', 'network 4', 'network 2'])
})

test('a size whose runs would take more than their part of the memory is not used', async () => {
  const { served } = await opened({ runBytes: (batch) => batch * 10 }, 20)
  await served.run(imagesOf(1, 2, 3, 4))
  await settled()
  assert.equal(served.batch, 2)
})

test('a batch that finds no room is computed in smaller ones, and one image that finds none is told to come again', async () => {
  let room = 8
  const { served, device, reported } = await opened({
    beforeRun: (batch) => {
      if (batch > room) throw outOfMemory()
    }
  })
  const images = imagesOf(1, 2, 3, 4)
  for (const count of [4, 2]) {
    await served.run(images.slice(0, count))
    await settled()
  }
  room = 2
  device.ran.length = 0
  assert.deepEqual(firsts((await served.run(images))['embedding']!), [1, 2, 3, 4])
  assert.deepEqual(device.ran, [4, 2, 2])
  assert.equal(reported.length, 1)
  room = 0
  await assert.rejects(served.run(images), { code: 'inference_unavailable' })
  room = 1
  assert.deepEqual(firsts((await served.run(images))['embedding']!), [1, 2, 3, 4])
})

test('what fails for another reason is not tried in smaller batches', async () => {
  const { served, device } = await opened({
    beforeRun: (batch) => {
      if (batch === 2) throw new Error('illegal address')
    }
  })
  await served.run(imagesOf(1, 2))
  await settled()
  device.ran.length = 0
  await assert.rejects(served.run(imagesOf(1, 2)), /illegal address/)
  assert.deepEqual(device.ran, [2])
})

test('weights that find no room, and a program that fails, leave nothing on the device', async () => {
  const full = fakeDevice({
    hold: () => {
      throw outOfMemory()
    }
  })
  await assert.rejects(openOnDevice(partsOf(SIZES), onDevice(full).on), { code: 'inference_unavailable' })
  const broken = fakeDevice({
    beforeCompile: () => {
      throw new Error('unknown op')
    }
  })
  await assert.rejects(openOnDevice(partsOf(SIZES), onDevice(broken).on), /unknown op/)
  assert.deepEqual(broken.held(), { weights: 0, programs: 0 })
})

test('models of one network share their programs, and everything is given back in the end', async () => {
  const device = fakeDevice()
  const { on, programs } = onDevice(device)
  const [one, other] = [await openOnDevice(partsOf(SIZES), on), await openOnDevice(partsOf(SIZES), on)]
  const third = await openOnDevice(partsOf(SIZES, 'another'), on)
  assert.deepEqual(device.compiled, ['network 1', 'another 1'])
  assert.deepEqual(device.held(), { weights: 3, programs: 2 })
  for (const served of [one, other, third]) await served.dispose()
  await programs.dispose()
  assert.deepEqual(device.held(), { weights: 0, programs: 0 })
})

test('an image of the wrong size is a fault that says so', async () => {
  const { served } = await opened()
  await assert.rejects(served.run([new Uint8Array(2)]), /2 bytes/)
})
