import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keysToCamel, keysToSnake, pointerToSnake } from '../../../src/base/casing.ts'
import { systemClock } from '../../../src/base/clock.ts'
import { AppError, isAppError } from '../../../src/base/errors.ts'
import { widenBfloat16, widenFloat16 } from '../../../src/base/half-floats.ts'
import { canonicalStringify, isRecord } from '../../../src/base/json.ts'
import { isOutOfMemory } from '../../../src/base/out-of-memory.ts'
import { asDiskTrouble, systemCodeOf, writing } from '../../../src/base/system-errors.ts'

const systemError = (code: unknown): Error => Object.assign(new Error(String(code)), { code })

test('a disk without room and a user without quota are storage_full, with their cause; nothing else is', async () => {
  for (const code of ['ENOSPC', 'EDQUOT']) {
    const full = asDiskTrouble(systemError(code))
    assert.ok(isAppError(full, 'storage_full'))
    assert.equal(systemCodeOf(full.cause), code)
    await assert.rejects(writing(Promise.reject(systemError(code))), { code: 'storage_full' })
  }
  for (const other of [
    systemError('ENOENT'),
    systemError(28),
    systemError('toString'),
    new Error('ENOSPC'),
    'ENOSPC',
    null
  ]) {
    assert.equal(asDiskTrouble(other), other)
  }
  await assert.rejects(writing(Promise.reject(systemError('EIO'))), { code: 'disk_unusable' })
  assert.equal(await writing(Promise.resolve(7)), 7)
})

test('a record is an object with names, not a list and not null', () => {
  for (const yes of [{}, { a: 1 }, Object.create(null), new Error('x')]) assert.equal(isRecord(yes), true)
  for (const no of [null, undefined, [], [1], 'a', 1, true, () => {}]) assert.equal(isRecord(no), false)
})

test('equal values have equal text, whatever the order of their fields, and others do not', () => {
  const text = '{"a":[1,{"b":null,"c":"x"}],"d":2}'
  assert.equal(canonicalStringify({ d: 2, a: [1, { c: 'x', b: null }] }), text)
  assert.equal(canonicalStringify({ a: [1, { b: null, c: 'x' }], d: 2, gone: undefined }), text)
  assert.notEqual(canonicalStringify([1, 2]), canonicalStringify([2, 1]))
  assert.equal(canonicalStringify([undefined, 1]), '[null,1]')
  assert.equal(canonicalStringify(undefined), 'null')
})

test('bfloat16 is the upper half of a float32', () => {
  const values = widenBfloat16(Uint16Array.of(0x3f80, 0xbf80, 0x4049, 0x0001, 0x7f80, 0x8000))
  assert.deepEqual(values, Float32Array.of(1, -1, 3.140625, 2 ** -133, Number.POSITIVE_INFINITY, -0))
})

test('float16 is widened exactly: normal, subnormal, infinite and no number', () => {
  const halves = [0x3c00, 0xc000, 0x3555, 0x7bff, 0x0400, 0x03ff, 0x0001, 0x8001, 0x8000, 0x7c00, 0xfc00, 0x7e00]
  const values = [1, -2, 0.333251953125, 65504, 2 ** -14, 1023 * 2 ** -24, 2 ** -24, -(2 ** -24), -0]
  const infinite = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]
  assert.deepEqual(widenFloat16(Uint16Array.from(halves)), Float32Array.from([...values, ...infinite]))
})

test('names change between code and wire at every depth; dates and values stay', () => {
  const at = new Date(0)
  const code = { batchSize: 1, deep: [{ maxBytesTotal: null, at }], text: 'batchSize', p95: 1 }
  const wire = { batch_size: 1, deep: [{ max_bytes_total: null, at }], text: 'batchSize', p95: 1 }
  assert.deepEqual(keysToSnake(code), wire)
  assert.deepEqual(keysToCamel(wire), code)
  assert.deepEqual(keysToCamel({ p_95: 1 }), { p95: 1 })
  assert.equal(pointerToSnake('/hyperparameters/batchSize'), '/hyperparameters/batch_size')
})

test('what allocators say is out of memory, and what merely sounds like it is not', () => {
  const said = [
    'CUDA out of memory. Tried to allocate 2 GiB',
    'std::bad_alloc',
    'Array buffer allocation failed',
    'BFCArena: Failed to allocate memory for requested buffer of size 1',
    'CUDA failure 2: out of memory',
    'CUDA failure 2',
    'CUBLAS_STATUS_ALLOC_FAILED'
  ]
  for (const message of said) assert.equal(isOutOfMemory(new Error(message)), true, message)
  for (const message of ['CUDA failure 209', 'no such file', 'allocated', '']) {
    assert.equal(isOutOfMemory(new Error(message)), false, message)
  }
  assert.equal(isOutOfMemory(new AppError('out_of_memory')), true)
  assert.equal(isOutOfMemory(new AppError('overloaded', { message: 'out of memory' })), false)
})

test('the system clock counts milliseconds, and a sleep ends early with its signal', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 5000 })
  assert.equal(systemClock.now(), 5000)
  let isAwake = false
  const slept = systemClock.sleep(1500).then(() => {
    isAwake = true
  })
  t.mock.timers.tick(1499)
  await Promise.resolve()
  assert.equal(isAwake, false)
  t.mock.timers.tick(1)
  await slept
  const ended = new AbortController()
  const cut = assert.rejects(systemClock.sleep(1500, ended.signal), /enough/)
  ended.abort(new Error('enough'))
  await cut
  await assert.rejects(systemClock.sleep(1500, ended.signal), /enough/)
})
