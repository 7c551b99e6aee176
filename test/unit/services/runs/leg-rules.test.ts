import assert from 'node:assert/strict'
import { test } from 'node:test'
import { backoffS, type Failure } from '../../../../src/domain/blame.ts'
import type { Run } from '../../../../src/domain/run.ts'
import { type Circumstances, decide, type LegOutcome } from '../../../../src/services/runs/leg-rules.ts'

const NOW = Date.UTC(2026, 0, 2)
const HERE: Circumstances = { now: NOW, node: 'a', others: [] }

const aRun = (patch: Partial<Run> = {}): Run =>
  ({
    desired: 'run',
    status: 'running',
    statusReason: null,
    error: null,
    failures: [],
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
const AWAY: LegOutcome = { type: 'interrupted', reason: 'storage_unavailable', message: 'away' }
const late = { startedAt: new Date(NOW - 3_600_000) }

const failure = (patch: Partial<Failure> = {}): Failure => ({
  code: 'out_of_memory',
  message: 'no room',
  node: 'a',
  step: 8,
  at: new Date(NOW - 60_000).toISOString(),
  ...patch
})

test('a completed run has succeeded, even when it was asked to end meanwhile', () => {
  for (const desired of ['run', 'pause', 'cancel'] as const) {
    const { status, failures } = decide(aRun({ desired, failures: [failure()] }), { type: 'completed', step: 10 }, HERE)
    assert.deepEqual([status, failures], ['succeeded', []])
  }
})

test('what was asked decides, however the leg ended', () => {
  for (const outcome of [FAILED, LOST, { type: 'stopped' }, { type: 'leg-ended' }] as const) {
    assert.equal(decide(aRun({ desired: 'cancel' }), outcome, HERE).status, 'cancelled')
    assert.equal(decide(aRun({ desired: 'pause' }), outcome, HERE).status, 'paused')
  }
})

test('a pause that an alarm asked for keeps its reason', () => {
  const run = aRun({ desired: 'pause', statusReason: 'alarm:collapse_few' })
  assert.equal(decide(run, { type: 'stopped' }, HERE).reason, 'alarm:collapse_few')
})

test('an error that nobody knows is tried again and kept with its node; the same on another node is final', () => {
  const first = decide(aRun(), FAILED, { ...HERE, others: ['b'] })
  assert.deepEqual([first.status, first.requeueAfterS, first.error?.retryable], ['queued', 1, true])
  assert.deepEqual(first.failures, [failure({ at: new Date(NOW).toISOString() })])
  const second = decide(aRun({ failures: first.failures }), FAILED, { ...HERE, node: 'b' })
  assert.deepEqual([second.status, second.requeueAfterS, second.error?.retryable], ['failed', null, false])
  assert.equal(second.error?.message, 'no room Tried 2 times, by a, b.')
})

test('on one node alone it is tried three times, with growing waits', () => {
  const waits: unknown[] = []
  let failures: readonly Failure[] = []
  for (let tries = 0; tries < 3; tries++) {
    const decision = decide(aRun({ failures }), FAILED, HERE)
    failures = decision.failures
    waits.push([decision.status, decision.requeueAfterS])
  }
  assert.deepEqual(waits, [
    ['queued', 5],
    ['queued', 30],
    ['failed', null]
  ])
})

test('another error on another node is not the same', () => {
  const run = aRun({ failures: [failure({ code: 'internal', node: 'b' })] })
  assert.equal(decide(run, FAILED, HERE).status, 'queued')
})

test('what is of the recipe or the images is final at once', () => {
  for (const code of ['loss_not_finite', 'invalid_recipe', 'dataset_version_not_found', 'weights_mismatch']) {
    const { status, error } = decide(aRun(), { type: 'failed', code, message: 'so it is', step: 3 }, HERE)
    assert.deepEqual([status, error?.step, error?.message], ['failed', 3, 'so it is'])
  }
})

test('an outage is waited for without limit, within the time', () => {
  const waiting = decide(aRun({ attempt: 500 }), AWAY, HERE)
  assert.deepEqual([waiting.status, waiting.requeueAfterS, waiting.failures], ['queued', 300, []])
  const over = decide(aRun({ ...late, attempt: 1 }), AWAY, HERE)
  assert.deepEqual([over.status, over.reason, over.error?.code], ['failed', 'deadline', 'deadline'])
})

test('a trainer that is killed ten times at one place ends the run, and says by whom it was tried', () => {
  let failures: readonly Failure[] = []
  for (let tries = 1; tries < 10; tries++) {
    const decision = decide(aRun({ failures }), LOST, { ...HERE, node: tries % 2 === 0 ? 'a' : 'b' })
    assert.equal(decision.status, 'queued')
    failures = decision.failures
  }
  const last = decide(aRun({ failures }), LOST, HERE)
  assert.deepEqual([last.status, last.reason, last.error?.step], ['failed', 'trainer_killed', 7])
  assert.equal(last.error?.message, 'killed Tried 10 times, by b, a.')
})

test('a worker that is told to end costs no try and no wait', () => {
  const outcome: LegOutcome = { type: 'interrupted', reason: 'preempted', message: 'told to end' }
  const { status, requeueAfterS, failures } = decide(aRun({ attempt: 9 }), outcome, HERE)
  assert.deepEqual([status, requeueAfterS, failures], ['queued', 0, []])
})

test('a run that went on has its time from then', () => {
  const resumed = aRun({ ...late, resumedAt: new Date(NOW - 3_599_000) })
  assert.equal(decide(resumed, LOST, HERE).status, 'queued')
  assert.equal(decide({ ...resumed, resumedAt: new Date(NOW - 3_600_000) }, LOST, HERE).reason, 'deadline')
})

test('the deadline does not overrule a cancel', () => {
  assert.equal(decide(aRun({ ...late, desired: 'cancel' }), { type: 'stopped' }, HERE).status, 'cancelled')
})

test('a leg that ended by its limit is followed by a new one, at once', () => {
  const { status, isNextLeg, requeueAfterS } = decide(aRun(), { type: 'leg-ended' }, HERE)
  assert.deepEqual([status, isNextLeg, requeueAfterS], ['queued', true, 0])
})

test('a pause that was taken back goes on', () => {
  assert.equal(decide(aRun({ desired: 'run' }), { type: 'stopped' }, HERE).status, 'queued')
})

test('the wait doubles while no checkpoint gets further, up to five minutes', () => {
  assert.deepEqual([1, 2, 3, 4, 20, 1000].map(backoffS), [0, 1, 3, 7, 300, 300])
})
