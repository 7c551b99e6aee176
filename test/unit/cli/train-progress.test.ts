import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createProgress } from '../../../src/cli/train-progress.ts'

const STARTED = {
  type: 'started',
  step: 0,
  totalSteps: 200,
  stepsPerEpoch: 100,
  images: 6400,
  parameters: 350_000,
  engine: 'onnx',
  device: 'cpu',
  deviceKind: 'cpu',
  devices: 1,
  precision: 'float32'
} as const

const stepAt = (step: number, more: Record<string, number> = {}) =>
  ({
    type: 'step',
    step,
    epoch: 0,
    metrics: { loss: 5.5, teacher_entropy: 2.5, images_per_second: 320, ...more }
  }) as const

test('a step shows bar, epoch, rate, loss, teacher entropy and the time left', () => {
  const show = createProgress(64)
  show(STARTED)
  const line = show(stepAt(100))
  assert.equal(line.isTransient, true)
  assert.equal(line.text, '████████████░░░░░░░░░░░░ epoch 1/2  00:20 left  320 images/s  loss 5.500  H(teacher) 2.50')
})

test('kappa quantiles stay on the line until the next window brings new ones', () => {
  const show = createProgress(64)
  show(STARTED)
  show(stepAt(50, { kappa_p0: 38, kappa_p50: 40, kappa_p100: 42.5 }))
  assert.match(show(stepAt(51)).text, /κ 38\.0\/40\.0\/42\.5/)
})

test('the rate is smoothed, so that one slow step does not change the time left by much', () => {
  const show = createProgress(64)
  show(STARTED)
  show(stepAt(1))
  assert.match(show(stepAt(2, { images_per_second: 32 })).text, /168 images\/s/)
})

test('alarms, checkpoints and failures stay on the screen', () => {
  const show = createProgress(64)
  show(STARTED)
  const alarm = show({ type: 'alarm', rule: 'collapse_few', step: 60, sinceStep: 46, message: 'Few.' })
  assert.deepEqual(alarm, { text: 'ALARM collapse_few since step 46: Few.', isTransient: false })
  const failed = show({ type: 'failed', step: 61, code: 'loss_not_finite', message: 'loss is NaN.' })
  assert.match(failed.text, /failed at step 61: loss is NaN\. \(loss_not_finite\)/)
})
