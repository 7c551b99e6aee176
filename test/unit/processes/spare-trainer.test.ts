/** The trainer that waits: taken once, replaced when nobody trains, never in the way. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { silentLogger } from '../../../src/base/log.ts'
import { Child } from '../../../src/processes/child.ts'
import { createSpareTrainer } from '../../../src/processes/spare-trainer.ts'
import type { TrainerProcess } from '../../../src/processes/trainer-process.ts'
import type { WorkEvent } from '../../../src/protocol/trainer-messages.ts'

const entry = join(import.meta.dirname, '../../helpers/fake-trainer.ts')
const children: Child<WorkEvent>[] = []
after(() => {
  for (const child of children) child.kill()
})

function setUp() {
  const ending = new AbortController()
  const made: Child<WorkEvent>[] = []
  const make = () => {
    const child = new Child<WorkEvent>({ entry, output: silentLogger })
    made.push(child)
    children.push(child)
    return child
  }
  const spare = createSpareTrainer(make, ending.signal)
  return { ending, made, spare, take: spare.take }
}

const aTrainer = () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  // Only its exit is looked at.
  return { trainer: { exited: promise } as unknown as TrainerProcess, exit: resolve }
}
const turns = () => new Promise((resolve) => setImmediate(resolve))

test('one that waits is taken once', () => {
  const { spare, take } = setUp()
  assert.equal(take(), undefined, 'none before one is made')
  spare.prepare()
  spare.prepare()
  const child = take()
  assert.equal(child?.state, 'running')
  assert.equal(take(), undefined)
})

test('the next is made when the last trainer has exited, and not beside one', async () => {
  const { spare, take } = setUp()
  const [one, two] = [aTrainer(), aTrainer()]
  spare.watch(one.trainer)
  spare.watch(two.trainer)
  spare.prepare()
  assert.equal(take(), undefined)
  one.exit()
  await turns()
  assert.equal(take(), undefined)
  two.exit()
  await turns()
  assert.equal(take()?.state, 'running')
})

test('one that was killed while it waited is not given to anybody', async () => {
  const { made, spare, take } = setUp()
  spare.prepare()
  made[0]!.kill()
  await made[0]!.exited
  assert.equal(take(), undefined)
  spare.prepare()
  assert.equal(take()?.state, 'running', 'another one is made')
})

test('when the worker ends the one that waits is ended, and none is made any more', async () => {
  const { ending, made, spare, take } = setUp()
  spare.prepare()
  ending.abort()
  assert.equal((await made[0]!.exited).signal, 'SIGKILL')
  spare.prepare()
  assert.equal(take(), undefined)
  assert.equal(made.length, 1)
})
