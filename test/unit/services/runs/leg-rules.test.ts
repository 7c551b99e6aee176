import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Run } from '../../../../src/domain/run.ts'
import { backoffS, decide, type LegOutcome } from '../../../../src/services/runs/leg-rules.ts'

const NOW = Date.UTC(2026, 0, 2)

const aRun = (patch: Partial<Run> = {}): Run =>
  ({
    desired: 'run',
    status: 'running',
    statusReason: null,
    error: null,
    attempt: 1,
    leg: 1,
    startedAt: new Date(NOW - 60_000),
    resumedAt: null,
    compute: { device: 'any', devices: 1, maxRuntimeS: 3600, priority: 0 },
    progress: { step: 7, totalSteps: 10, epoch: 0, percent: 70, imagesSeen: 7 },
    ...patch
  }) as Run // the rules read nothing else

const FAILED: LegOutcome = { type: 'failed', code: 'out_of_memory', message: 'no room', step: 8 }
const LOST: LegOutcome = { type: 'interrupted', reason: 'trainer_killed', message: 'killed' }
const known = { code: 'out_of_memory', message: 'no room', retryable: true, step: 8 }
const late = { startedAt: new Date(NOW - 3_600_000) }

test('a completed run has succeeded, even when it was asked to end meanwhile', () => {
  for (const desired of ['run', 'pause', 'cancel'] as const) {
    assert.equal(decide(aRun({ desired }), { type: 'completed', step: 10 }, NOW).status, 'succeeded')
  }
})

test('what was asked decides, however the leg ended', () => {
  for (const outcome of [FAILED, LOST, { type: 'stopped' }, { type: 'leg-ended' }] as const) {
    assert.equal(decide(aRun({ desired: 'cancel' }), outcome, NOW).status, 'cancelled')
    assert.equal(decide(aRun({ desired: 'pause' }), outcome, NOW).status, 'paused')
  }
})

test('a pause that an alarm asked for keeps its reason', () => {
  const run = aRun({ desired: 'pause', statusReason: 'alarm:collapse_few' })
  assert.equal(decide(run, { type: 'stopped' }, NOW).reason, 'alarm:collapse_few')
})

test('an error is tried again once; the same at the same step is final', () => {
  const first = decide(aRun(), FAILED, NOW)
  assert.deepEqual([first.status, first.requeueAfterS, first.error?.retryable], ['queued', 1, true])
  const second = decide(aRun({ error: known }), FAILED, NOW)
  assert.deepEqual([second.status, second.requeueAfterS, second.error?.retryable], ['failed', null, false])
})

test('another step, message or code is another error', () => {
  for (const other of [{ step: 9 }, { message: 'less room' }, { code: 'internal' }]) {
    assert.equal(decide(aRun({ error: known }), { ...FAILED, ...other }, NOW).status, 'queued')
  }
})

test('a loss that is not finite is final at once', () => {
  const outcome: LegOutcome = { type: 'failed', code: 'loss_not_finite', message: 'NaN', step: 3 }
  assert.deepEqual([decide(aRun(), outcome, NOW).status, decide(aRun(), outcome, NOW).error?.step], ['failed', 3])
})

test('lost infrastructure is retried without limit, within the time', () => {
  assert.equal(decide(aRun({ attempt: 500 }), LOST, NOW).status, 'queued')
  const over = decide(aRun({ ...late, attempt: 1 }), LOST, NOW)
  assert.deepEqual([over.status, over.reason, over.error?.code], ['failed', 'deadline', 'deadline'])
})

test('a run that went on has its time from then', () => {
  const resumed = aRun({ ...late, resumedAt: new Date(NOW - 3_599_000) })
  assert.equal(decide(resumed, LOST, NOW).status, 'queued')
  assert.equal(decide({ ...resumed, resumedAt: new Date(NOW - 3_600_000) }, LOST, NOW).reason, 'deadline')
})

test('the deadline does not overrule a cancel', () => {
  assert.equal(decide(aRun({ ...late, desired: 'cancel' }), { type: 'stopped' }, NOW).status, 'cancelled')
})

test('a leg that ended by its limit is followed by a new one, at once', () => {
  const { status, isNextLeg, requeueAfterS } = decide(aRun(), { type: 'leg-ended' }, NOW)
  assert.deepEqual([status, isNextLeg, requeueAfterS], ['queued', true, 0])
})

test('a pause that was taken back goes on', () => {
  assert.equal(decide(aRun({ desired: 'run' }), { type: 'stopped' }, NOW).status, 'queued')
})

test('the wait doubles while no checkpoint gets further, up to five minutes', () => {
  assert.deepEqual([1, 2, 3, 4, 20, 1000].map(backoffS), [0, 1, 3, 7, 300, 300])
})
