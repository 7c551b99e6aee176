import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RunStatus } from '../../../src/client/resources.ts'
import { isFinished, RUN_STATUSES } from '../../../src/client/run-status.ts'
import { RUN_STATUSES as DOMAIN_STATUSES, isFinished as isFinishedInDomain } from '../../../src/domain/run.ts'

test('the client knows every status of a run, and which of them are ends', () => {
  assert.deepEqual([...RUN_STATUSES], [...DOMAIN_STATUSES])
  const ends = (isEnd: (run: { readonly status: RunStatus }) => boolean) =>
    RUN_STATUSES.filter((status) => isEnd({ status }))
  assert.deepEqual(ends(isFinished), ends(isFinishedInDomain))
})
