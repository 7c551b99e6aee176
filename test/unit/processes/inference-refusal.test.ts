/** An inference process whose engine cannot be had, and one whose device cannot have a program. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import { silentLogger } from '../../../src/base/log.ts'
import type { LocalCache } from '../../../src/cache/local-cache.ts'
import { createInferencePool } from '../../../src/processes/inference-pool.ts'
import { DEFAULT_INFERENCE_SETTINGS } from '../../../src/protocol/inference-messages.ts'

const entry = join(import.meta.dirname, '../../helpers/fake-refused-inference.ts')

test('whoever waits for the first process hears why there is none; one that comes later is up', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'kappa-refusal-'))
  process.env['KAPPA_TEST_MARKER'] = join(root, 'refused')
  const told: unknown[] = []
  const warned = Promise.withResolvers<void>()
  const logger = {
    ...silentLogger,
    error: (...args: unknown[]) => void told.push(args.at(-1)),
    warn: (fields: object) => {
      // Node warns on stderr, which is passed on.
      if (!('modelId' in fields)) return
      told.push(fields)
      warned.resolve()
    }
  } as typeof silentLogger // the two that are looked at
  const cache: LocalCache = { acquire: () => assert.fail('no folder is asked for'), removeStale: async () => {} }
  const base = { entry, processes: 1, settings: DEFAULT_INFERENCE_SETTINGS, clock: systemClock, logger, cache }
  const pool = createInferencePool(base)
  t.after(async () => {
    await pool.close()
    rmSync(root, { recursive: true })
  })
  await assert.rejects(pool.ready(), { code: 'engine_unavailable', message: 'No GPU is there.' })
  assert.deepEqual(told, ['No GPU is there.'])
  // It is tried again, as a device may come back.
  await warned.promise
  await pool.ready()
  const { processesUp, computesOn, fellBack } = pool.load()
  assert.deepEqual([processesUp, computesOn, fellBack], [1, [{ engine: 'xla', device: 'a GPU' }], 1])
  assert.deepEqual(told.at(-1), { modelId: 'mdl_1', kind: 'heat', reason: 'too many dimensions' })
})
