import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isAppError } from '../../../../src/base/errors.ts'
import { encodeCompileOptions } from '../../../../src/engine/xla/compile-options.ts'
import { type DeviceMemory, fullestOf, type XlaDevice } from '../../../../src/engine/xla/devices.ts'
import { type NamedValues, namedValueList, readNamedValues } from '../../../../src/engine/xla/named-values.ts'
import { addressOf } from '../../../../src/engine/xla/native.ts'
import { additionOf, cpuClient, whyNoXla } from '../../../helpers/pjrt.ts'

const SKIP = { skip: whyNoXla }

test('equal options are equal bytes, in whatever order they are given', () => {
  const one = encodeCompileOptions({ replicas: 2, overrides: { a: true, b: 'x', c: 0.5, d: 7 } })
  const other = encodeCompileOptions({ replicas: 2, overrides: { d: 7, c: 0.5, b: 'x', a: true } })
  assert.deepEqual(one, other)
  assert.notDeepEqual(one, encodeCompileOptions({ replicas: 1, overrides: { a: true, b: 'x', c: 0.5, d: 7 } }))
})

test('an override that XLA does not have, or of another type than it has, is refused by name', SKIP, async () => {
  const client = cpuClient()
  for (const overrides of [{ xla_no_such_option: true }, { xla_cpu_enable_fast_math: 'perhaps' }]) {
    const [name] = Object.keys(overrides)
    await assert.rejects(
      client.compile(additionOf([3]), { replicas: 1, overrides }),
      (error) => isAppError(error, 'internal') && error.message.includes(name!)
    )
  }
})

test('overrides of every type reach the compiler', SKIP, async () => {
  const client = cpuClient()
  const folder = await mkdtemp(join(tmpdir(), 'kappa-dump-'))
  const overrides = {
    xla_dump_to: folder,
    xla_dump_hlo_as_text: true,
    xla_cpu_parallel_codegen_split_count: 1,
    xla_gpu_auto_spmd_partitioning_memory_budget_ratio: 1.5
  }
  const program = await client.compile(additionOf([3]), { replicas: 1, overrides })
  assert.ok((await readdir(folder)).some((name) => name.endsWith('after_optimizations.txt')))
  program.dispose()
  await rm(folder, { recursive: true })
})

test('named values of every type are read back as they were written', () => {
  const values: NamedValues = {
    text: 'κ = ‖w‖/τ',
    empty: '',
    count: 4,
    negative: -1,
    large: 2 ** 40,
    fraction: 0.75,
    yes: true,
    no: false,
    list: [1, -2, 3],
    none: []
  }
  const list = namedValueList(values)
  assert.equal(list.count, 10)
  assert.deepEqual(readNamedValues(addressOf(list.bytes), list.count), values)
})

test('a whole number is written as a float where it is said to be one', () => {
  const list = namedValueList({ int: 1, float: { float: 1 } })
  const [int, float] = list.structs.map((struct) => struct.read().type)
  assert.notEqual(int, float)
  assert.deepEqual(readNamedValues(addressOf(list.bytes), list.count), { int: 1, float: 1 })
})

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
