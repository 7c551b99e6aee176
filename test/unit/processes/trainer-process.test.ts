import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { startTrainer } from '../../../src/processes/trainer-process.ts'
import type { TrainRequest, WorkEvent } from '../../../src/protocol/trainer-messages.ts'
import { resolveRecipe } from '../../../src/recipe/presets.ts'
import { fakeClock } from '../../helpers/fake-clock.ts'
import { type FakeScript, stateAfter } from '../../helpers/fake-trainer.ts'

const folder = mkdtempSync(join(tmpdir(), 'kappa-test-'))
after(() => rmSync(folder, { recursive: true }))

const entry = join(import.meta.dirname, '../../helpers/fake-trainer.ts')
const options = { entry, clock: systemClock, logger: silentLogger }

const request = (script: FakeScript): TrainRequest => ({
  type: 'train',
  recipe: { ...resolveRecipe({ method: 'dino-vmf', preset: 'mu' }), preset: JSON.stringify(script), seed: 7 },
  datasetFolder: 'none',
  outFolder: folder
})

async function collect(events: AsyncIterable<WorkEvent>): Promise<WorkEvent[]> {
  const all: WorkEvent[] = []
  for await (const event of events) all.push(event)
  return all
}

test('a trainer that ends by itself is heard to its last word', async () => {
  const trainer = startTrainer(request({ totalSteps: 5 }), options)
  const events = await collect(trainer.events)
  assert.equal(events[0]?.type, 'started')
  assert.deepEqual(events.at(-1), { type: 'done', step: 5, reason: 'completed' })
  const saved = events.findLast((event) => event.type === 'checkpoint')
  assert.equal(saved?.stateHash, stateAfter(7, 5))
  const { code, signal, hasStalled } = await trainer.exited
  assert.deepEqual({ code, signal, hasStalled }, { code: 0, signal: null, hasStalled: false })
})

test('a trainer that is told to stop saves first', async () => {
  const trainer = startTrainer(request({ totalSteps: 1_000_000, checkpointEverySteps: 1_000_000 }), options)
  const events: WorkEvent[] = []
  for await (const event of trainer.events) {
    events.push(event)
    if (event.type === 'step' && event.step === 3) trainer.stop(120_000)
  }
  assert.deepEqual(
    events.slice(-2).map(({ type }) => type),
    ['checkpoint', 'done']
  )
})

test('one that does not stop within the grace is killed', async () => {
  const trainer = startTrainer(request({ at: 1, how: 'hang' }), options)
  for await (const event of trainer.events) if (event.type === 'started') trainer.stop(100)
  assert.equal((await trainer.exited).signal, 'SIGKILL')
})

test('a crash keeps the last lines it printed', async () => {
  const trainer = startTrainer(request({ at: 2, how: 'exit' }), options)
  await collect(trainer.events)
  const { code, lastLines } = await trainer.exited
  assert.equal(code, 1)
  assert.ok(lastLines.some((line) => line.includes('scripted crash at step 2')))
})

test('an entry that does not exist is an exit, not an exception', async () => {
  const trainer = startTrainer(request({}), { ...options, entry: join(folder, 'absent.ts') })
  assert.deepEqual(await collect(trainer.events), [])
  assert.notEqual((await trainer.exited).code, 0)
})

test('silence longer than the limit kills; a step in time does not', async () => {
  const clock = fakeClock()
  const silence = { startMs: 60_000, stepMs: 10_000 }
  const trainer = startTrainer(request({ at: 3, how: 'hang' }), { ...options, clock, silence })
  for await (const event of trainer.events) {
    // Two steps with 8 s between them are within the limit, then nothing more comes.
    if (event.type === 'step') await clock.advance(8000)
    if (event.type === 'step' && event.step === 2) await clock.advance(200_000)
  }
  const { signal, hasStalled } = await trainer.exited
  assert.deepEqual({ signal, hasStalled }, { signal: 'SIGKILL', hasStalled: true })
})
