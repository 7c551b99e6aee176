import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '../../../src/base/ids.ts'
import { environmentOf, legName, legOfName } from '../../../src/launching/leg-name.ts'

test('a name tells run, epoch and attempt, and is one that every engine takes', () => {
  const leg = { runId: newId('run'), epoch: 999_999, attempt: 12 }
  const name = legName('kappa-prod', leg)
  assert.match(name, /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])$/)
  assert.deepEqual(legOfName('kappa-prod', name), leg)
})

test('names of other installations, and other names, tell nothing', () => {
  const name = legName('kappa-b', { runId: 'run_1', epoch: 1, attempt: 1 })
  for (const installation of ['kappa', 'kappa-', 'b']) assert.equal(legOfName(installation, name), null)
  for (const other of ['kappa-b-run-1-e1', 'kappa-b-job-1-e1-t1', 'kappa-b-run-1-e1-t1-0', ''])
    assert.equal(legOfName('kappa-b', other), null)
})

test('a worker gets its leg by environment', () => {
  const own = { KAPPA_WORKER_RUN: 'run_1', KAPPA_WORKER_EPOCH: '3' }
  assert.deepEqual(environmentOf({ runId: 'run_1', epoch: 3, attempt: 2 }), own)
})
