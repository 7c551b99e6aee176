import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RUN_STATUSES, type Run, type RunStatus } from '../../../src/domain/run.ts'
import { askFor, RUN_VERBS, type RunVerb } from '../../../src/domain/run-verbs.ts'

const AT = new Date(Date.UTC(2026, 0, 2))
const error = { code: 'loss_not_finite', message: 'nan', retryable: false, step: 3 }
const aRun = (status: RunStatus): Run => ({ id: 'run_1', status, leg: 4, attempt: 2, error }) as Run // no more is read

/** By status; a dash for what is refused. */
const EXPECTED: Readonly<Record<RunVerb, Readonly<Record<RunStatus, RunStatus | '–'>>>> = {
  pause: {
    queued: 'paused',
    starting: 'pausing',
    running: 'pausing',
    pausing: 'pausing',
    paused: 'paused',
    cancelling: '–',
    cancelled: '–',
    succeeded: '–',
    failed: '–'
  },
  resume: {
    queued: 'queued',
    starting: 'starting',
    running: 'running',
    pausing: 'running',
    paused: 'queued',
    cancelling: '–',
    cancelled: '–',
    succeeded: '–',
    failed: '–'
  },
  cancel: {
    queued: 'cancelled',
    starting: 'cancelling',
    running: 'cancelling',
    pausing: 'cancelling',
    paused: 'cancelled',
    cancelling: 'cancelling',
    cancelled: 'cancelled',
    succeeded: '–',
    failed: '–'
  },
  retry: {
    queued: 'queued',
    starting: 'starting',
    running: 'running',
    pausing: '–',
    paused: '–',
    cancelling: '–',
    cancelled: 'queued',
    succeeded: '–',
    failed: 'queued'
  }
}

for (const verb of RUN_VERBS) {
  test(`${verb} of a run in every status becomes what it should, or is refused by name`, () => {
    for (const status of RUN_STATUSES) {
      const expected = EXPECTED[verb][status]
      if (expected === '–') {
        assert.throws(
          () => askFor(verb, aRun(status), AT),
          { message: new RegExp(`^Run run_1 (is|has) ${status}\\.$`) },
          status
        )
        continue
      }
      const patch = askFor(verb, aRun(status), AT)
      assert.equal(patch?.status ?? status, expected, status)
      assert.equal(patch === null, status === expected, 'asked again, nothing changes')
      if (patch !== null) assert.equal('resumedAt' in patch, expected === 'queued', 'its time is counted anew')
    }
  })
}

test('what goes on is archived no more, and what is put off or ended stays where it is', () => {
  const isBack = (verb: RunVerb, status: RunStatus) => askFor(verb, { ...aRun(status), archived: true }, AT)?.archived
  for (const [verb, status] of [
    ['resume', 'paused'],
    ['resume', 'pausing'],
    ['retry', 'failed']
  ] as const)
    assert.equal(isBack(verb, status), false, `${verb} of one that is ${status}`)
  for (const [verb, status] of [
    ['pause', 'running'],
    ['cancel', 'paused'],
    ['cancel', 'running']
  ] as const)
    assert.equal(isBack(verb, status), undefined, `${verb} of one that is ${status}`)
})

test('every status but success has a way out', () => {
  for (const status of RUN_STATUSES) {
    const ways = RUN_VERBS.filter((verb) => EXPECTED[verb][status] !== '–' && EXPECTED[verb][status] !== status)
    // What is cancelling is cancelled by its worker, or by the supervisor where that is gone.
    assert.equal(ways.length > 0, status !== 'succeeded' && status !== 'cancelling', status)
  }
})

test('a run that is tried again forgets its error and its end', () => {
  const patch = askFor('retry', aRun('failed'), AT)
  assert.deepEqual([patch?.error, patch?.finishedAt, patch?.attempt, patch?.leg], [null, null, 0, 5])
})
