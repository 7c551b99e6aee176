import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type EngineOffer, machineInWords, serves, wishInWords } from '../../../src/base/devices.ts'

const offer = (kind: EngineOffer['kind'], devices: number): EngineOffer => ({
  engine: 'xla',
  version: '1',
  device: 'x',
  kind,
  devices,
  memoryBytes: null,
  precision: 'float32'
})
const machine = (...offers: EngineOffer[]) => ({ offers, problem: null })

test('a machine serves what one of its offers has: the kind that was asked for, and as many', () => {
  const mixed = machine(offer('gpu', 2), offer('cpu', 1))
  for (const [device, devices, isServed] of [
    ['any', 1, true],
    ['any', 2, true],
    ['any', 3, false],
    ['cpu', 1, true],
    ['cpu', 2, false],
    ['gpu', 2, true],
    ['gpu', 3, false]
  ] as const)
    assert.equal(serves(mixed, { device, devices }), isServed, `${devices} × ${device}`)
})

test('what takes any device takes a TPU, and what asks for a GPU does not', () => {
  const tpus = machine(offer('tpu', 4))
  assert.ok(serves(tpus, { device: 'any', devices: 4 }))
  assert.ok(!serves(tpus, { device: 'gpu', devices: 1 }))
})

test('a machine without an offer serves nothing', () => {
  assert.ok(!serves(machine(), { device: 'any', devices: 1 }))
})

test('a machine is told in words, with what is wrong with it', () => {
  const two = machine(offer('cpu', 1), offer('gpu', 4))
  assert.equal(machineInWords(two), '1 CPU (xla), 4 GPUs (xla)')
  assert.equal(machineInWords({ ...two, problem: 'one is hot' }), '1 CPU (xla), 4 GPUs (xla): one is hot')
  assert.equal(machineInWords({ offers: [], problem: 'no plugin' }), 'nothing that trains: no plugin')
})

test('a wish is told in words', () => {
  assert.equal(wishInWords({ device: 'gpu', devices: 2 }), '2 GPUs')
  assert.equal(wishInWords({ device: 'gpu', devices: 1 }), 'a GPU')
  assert.equal(wishInWords({ device: 'cpu', devices: 1 }), 'a CPU')
  assert.equal(wishInWords({ device: 'any', devices: 4 }), '4 devices')
})
