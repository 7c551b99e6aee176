import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../../../src/base/log.ts'
import { createFitness } from '../../../src/tasks/fitness.ts'
import { fakeClock } from '../../helpers/fake-clock.ts'

const MINUTE = 60_000

function setUp() {
  const clock = fakeClock()
  const ending = new AbortController()
  const said: string[] = []
  const fitness = createFitness({
    clock,
    logger: silentLogger,
    signal: ending.signal,
    onRest: async () => void said.push('rest'),
    onWake: async () => void said.push('wake')
  })
  return { clock, ending, said, fitness }
}

test('three pieces of work in a row that failed here and nowhere else send a worker to rest, and it says which', async () => {
  const { clock, said, fitness } = setUp()
  for (const subject of ['run_a', 'run_a', 'run_a', 'run_b']) fitness.onOutcome(subject, 'failed-here')
  assert.equal(fitness.restsBecause(), null, 'one piece of work counts once')
  fitness.onOutcome('mdl_c', 'says-nothing')
  fitness.onOutcome('mdl_c', 'failed-here')
  assert.match(fitness.restsBecause() ?? '', /^3 pieces of work .*: run_a, run_b, mdl_c$/)
  await clock.advance(MINUTE - 1)
  assert.deepEqual(said, ['rest'])
  await clock.advance(1)
  assert.deepEqual([said, fitness.restsBecause()], [['rest', 'wake'], null])
})

test('what works in between clears its name', () => {
  const { said, fitness } = setUp()
  for (const outcome of ['failed-here', 'failed-here', 'worked', 'failed-here', 'failed-here'] as const) {
    fitness.onOutcome(`run_${Math.trunc(said.length)}${outcome}`, outcome)
  }
  assert.equal(fitness.restsBecause(), null)
})

test('after a rest one more failure is enough, and rests grow to half an hour', async () => {
  const { clock, said, fitness } = setUp()
  for (const subject of ['a', 'b', 'c']) fitness.onOutcome(subject, 'failed-here')
  for (const minutes of [1, 2, 4, 8, 16, 30, 30]) {
    await clock.advance(minutes * MINUTE - 1)
    assert.notEqual(fitness.restsBecause(), null, `${minutes} minutes`)
    await clock.advance(1)
    assert.equal(fitness.restsBecause(), null)
    fitness.onOutcome('again', 'failed-here')
  }
  assert.equal(said.filter((word) => word === 'rest').length, 8)
})

test('a worker that is told to end does not wait for its rest', async () => {
  const { ending, said, fitness } = setUp()
  for (const subject of ['a', 'b', 'c']) fitness.onOutcome(subject, 'failed-here')
  ending.abort()
  await fitness.settled()
  assert.deepEqual(said, ['rest'])
})
