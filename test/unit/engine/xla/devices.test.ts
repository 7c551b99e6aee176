import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DeviceMemory, fullestOf, type XlaDevice } from '../../../../src/engine/xla/devices.ts'
import { cpuClient, whyNoXla } from '../../../helpers/pjrt.ts'

const having = (memory: DeviceMemory | null): XlaDevice => ({
  index: 0,
  kind: 'a GPU',
  handle: 1n,
  memory: () => memory
})
const memory = (peakBytes: number | null): DeviceMemory => ({ inUseBytes: 1, peakBytes, limitBytes: 100 })

test('of several devices the memory is that of the fullest', () => {
  assert.equal(fullestOf([having(memory(5)), having(memory(9)), having(memory(7))])?.peakBytes, 9)
})

test('a device that cannot tell is left out, and where none can there is nothing to tell', () => {
  assert.equal(fullestOf([having(null), having(memory(3))])?.peakBytes, 3)
  assert.deepEqual(fullestOf([having(memory(null))]), memory(null))
  assert.equal(fullestOf([having(null), having(null)]), null)
})

test('XLA’s CPU plugin does not count memory', { skip: whyNoXla }, () => {
  const client = cpuClient()
  assert.equal(fullestOf(client.devices), null)
  client.dispose()
})
