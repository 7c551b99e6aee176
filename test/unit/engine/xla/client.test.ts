import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAppError } from '../../../../src/base/errors.ts'
import { createXlaClient } from '../../../../src/engine/xla/client.ts'
import { additionOf, cpuClient, whyNoXla, xlaPlugin } from '../../../helpers/pjrt.ts'

const SKIP = { skip: whyNoXla }
const f32 = (shape: readonly number[]) => ({ dtype: 'float32', shape }) as const

test('a client has as many devices as it was told to make', SKIP, () => {
  const client = cpuClient(3)
  assert.equal(client.platform, 'cpu')
  assert.deepEqual(
    client.devices.map(({ index, kind }) => ({ index, kind })),
    [0, 1, 2].map((index) => ({ index, kind: 'cpu' }))
  )
  assert.equal(client.devices[0]!.memory(), null, 'the CPU plugin does not count')
  client.dispose()
})

test('an option that the plugin does not know, or of another type than it expects, is refused', SKIP, () => {
  const options = [{ no_such_option: [1, 2] }, { other: 0.5 }, { third: true }, { cpu_device_count: 'two' }]
  for (const wrong of options) {
    const [name] = Object.keys(wrong)
    assert.throws(
      () => createXlaClient({ plugin: xlaPlugin!, options: wrong }),
      (error) => isAppError(error, 'engine_unavailable') && error.message.includes(name!)
    )
  }
})

test('what is put on a device is read back, whatever memory it came from', SKIP, async () => {
  const client = cpuClient()
  const [device] = client.devices
  const expected = Float32Array.of(1, -2, 3.5, Number.NaN, Number.POSITIVE_INFINITY, -0)
  const shared = new Float32Array(new SharedArrayBuffer(24))
  shared.set(expected)
  const inside = new Float32Array(9).subarray(2, 8)
  inside.set(expected)
  for (const values of [expected, shared, inside]) {
    const buffer = await client.put(values, f32([2, 3]), device!)
    values.fill(7)
    assert.deepEqual(await buffer.read(new Float32Array(6)), Float32Array.of(1, -2, 3.5, Number.NaN, Infinity, -0))
    values.set(expected)
    buffer.dispose()
  }
  client.dispose()
})

test('arrays without elements and scalars can be put', SKIP, async () => {
  const client = cpuClient()
  const [device] = client.devices
  const none = await client.put(new Float32Array(), f32([0, 3]), device!)
  assert.deepEqual(await none.read(new Float32Array()), new Float32Array())
  const scalar = await client.put(Float32Array.of(5), f32([]), device!)
  assert.deepEqual(await scalar.read(new Float32Array(1)), Float32Array.of(5))
  none.dispose()
  scalar.dispose()
  client.dispose()
})

test('a buffer is not read into too small an array, nor after it was disposed of', SKIP, async () => {
  const client = cpuClient()
  const buffer = await client.put(Float32Array.of(1, 2), f32([2]), client.devices[0]!)
  await assert.rejects(buffer.read(new Float32Array(1)), /dst_size/)
  buffer.dispose()
  buffer.dispose()
  await assert.rejects(buffer.read(new Float32Array(2)), /disposed/)
  client.dispose()
})

test('more arrays are read at once than there are threads to wait on', SKIP, async () => {
  const client = cpuClient()
  const [device] = client.devices
  const buffers = await Promise.all(
    Array.from({ length: 600 }, (_, i) => client.put(Float32Array.of(i), f32([]), device!))
  )
  const values = await Promise.all(buffers.map((buffer) => buffer.read(new Float32Array(1))))
  assert.deepEqual(
    values.map(([value]) => value),
    Array.from({ length: 600 }, (_, i) => i)
  )
  for (const buffer of buffers) buffer.dispose()
  client.dispose()
})

test('a thousand arrays come and go and leave no memory behind', SKIP, async () => {
  const client = cpuClient()
  const [device] = client.devices
  const shape = [512, 512]
  const program = await client.compile(additionOf(shape), { replicas: 1 })
  const values = new Float32Array(512 * 512).fill(1)
  const into = new Float32Array(512 * 512)
  async function cycle(): Promise<void> {
    const [a, b] = [await client.put(values, f32(shape), device!), await client.put(values, f32(shape), device!)]
    const [[sum]] = (await program.execute([[a, b]])) as [[typeof a]]
    await sum.read(into)
    for (const buffer of [a, b, sum]) buffer.dispose()
  }
  for (let i = 0; i < 100; i++) await cycle()
  const before = process.memoryUsage.rss()
  for (let i = 0; i < 1000; i++) await cycle()
  const grownBytes = process.memoryUsage.rss() - before
  // One array of each of a thousand cycles would be 1 GiB.
  assert.ok(grownBytes < 256 * 2 ** 20, `${grownBytes} bytes more`)
  assert.equal(into[0], 2)
  program.dispose()
  client.dispose()
})
