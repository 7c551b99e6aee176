import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkpointRhythm } from '../../../src/training/checkpoint-rhythm.ts'
import { fakeClock } from '../../helpers/fake-clock.ts'

test('a checkpoint for every second epoch, of which those that went by are one', async () => {
  const rhythm = checkpointRhythm({ clock: fakeClock(), checkpointEveryEpochs: 2 }, 3)
  const due = (epoch: number) => rhythm.isDue({ step: 10 * epoch, epoch })
  assert.equal(due(3), false, 'it began here')
  assert.equal(due(4), true)
  rhythm.saved({ step: 40, epoch: 4 }, 0)
  assert.deepEqual([due(4), due(5), due(6), due(9)], [false, false, true, true])
  assert.equal(rhythm.isSaved(40), true)
  assert.equal(rhythm.isSaved(60), false)
})

test('a slow checkpoint is not written again before a tenth of the time is what it takes', async () => {
  const clock = fakeClock()
  const rhythm = checkpointRhythm({ clock, checkpointEveryEpochs: 1 }, 0)
  rhythm.saved({ step: 10, epoch: 1 }, 3000)
  await clock.advance(29_000)
  assert.equal(rhythm.isDue({ step: 20, epoch: 2 }), false)
  await clock.advance(1000)
  assert.equal(rhythm.isDue({ step: 21, epoch: 2 }), true, 'later, and not given up')
})
