import assert from 'node:assert/strict'
import { test } from 'node:test'
import { outcomeOfTrainer, type TrainerEnd, tellingLine } from '../../../src/tasks/trainer-outcome.ts'

const exit = { code: 0, signal: null, lastLines: [], hasStalled: false }
const anEnd = (patch: Partial<TrainerEnd> = {}): TrainerEnd => ({ last: null, exit, lastStep: 4, ...patch })
const done = (reason: 'completed' | 'stopped') => ({ type: 'done', step: 10, reason }) as const
const failed = (code: 'internal' | 'storage_full') => ({ type: 'failed', step: 5, code, message: 'why' }) as const

test('completed counts only with its last checkpoint committed', () => {
  assert.deepEqual(outcomeOfTrainer(anEnd({ last: done('completed') }), null, 10), { type: 'completed', step: 10 })
  assert.equal(outcomeOfTrainer(anEnd({ last: done('completed') }), null, 8).type, 'failed')
})

test('stopping is read by who asked for it', () => {
  const type = (reason: Parameters<typeof outcomeOfTrainer>[1]) =>
    outcomeOfTrainer(anEnd({ last: done('stopped') }), reason, 10).type
  assert.deepEqual(
    [type('user'), type('deadline'), type('leg-limit'), type('drain'), type(null)],
    ['stopped', 'stopped', 'leg-ended', 'interrupted', 'interrupted']
  )
})

test('a kill after the grace is still the stop that was asked for', () => {
  const killed = anEnd({ exit: { ...exit, code: null, signal: 'SIGKILL' } })
  assert.equal(outcomeOfTrainer(killed, 'user', null).type, 'stopped')
  assert.equal(outcomeOfTrainer(killed, 'leg-limit', null).type, 'leg-ended')
})

test('a signal from outside and a stall are no fault of the run', () => {
  const killed = outcomeOfTrainer(anEnd({ exit: { ...exit, code: null, signal: 'SIGKILL' } }), null, null)
  assert.deepEqual(killed.type === 'interrupted' && killed.reason, 'trainer_killed')
  const stalled = { ...exit, code: null, signal: 'SIGKILL', hasStalled: true }
  const outcome = outcomeOfTrainer(anEnd({ exit: stalled }), 'drain', null)
  assert.deepEqual(outcome.type === 'interrupted' && outcome.reason, 'trainer_stalled')
})

test('a full disk is infrastructure, another failure is the run’s', () => {
  assert.equal(outcomeOfTrainer(anEnd({ last: failed('storage_full') }), null, null).type, 'interrupted')
  assert.deepEqual(outcomeOfTrainer(anEnd({ last: failed('internal') }), null, null), {
    type: 'failed',
    code: 'internal',
    message: 'why',
    step: 5
  })
})

test('an exit without last words tells the line of the error', () => {
  const lastLines = ['node:internal', "  if (x) throw new Error('no')", 'TypeError: no such thing', '    at file:1']
  const outcome = outcomeOfTrainer(anEnd({ exit: { ...exit, code: 1, lastLines } }), null, null)
  assert.deepEqual(outcome, {
    type: 'failed',
    code: 'trainer_crashed',
    message: 'The trainer ended with code 1: TypeError: no such thing',
    step: 4
  })
})

test('what a user is told names no file of this machine', () => {
  const native = [' 1: 0xd1d2a3 node::Abort() [/opt/kappa/bin/node]', ' 8: 0x1cf93d1 [/opt/kappa/bin/node]']
  assert.equal(tellingLine(['FATAL ERROR: Reached heap limit', ...native]), 'FATAL ERROR: Reached heap limit')
  assert.equal(tellingLine(native), 'it said nothing')
})
