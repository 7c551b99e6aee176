import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isAppError } from '../../../../src/base/errors.ts'
import { encodeCompileOptions } from '../../../../src/engine/xla/compile-options.ts'
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
