import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { AppError, isAppError } from '../../../../src/base/errors.ts'
import type { Caller } from '../../../../src/domain/ports.ts'
import { type Beliefs, createBeliefs } from '../../../../src/services/serving/believed.ts'

interface Found {
  readonly id: string
}

let beliefs: Beliefs<Found>
/** What happened, in order. */
let events: string[] = []
let spent: number[] = []

const caller: Caller = {
  key: 'key_a',
  spend: async (pixels) => void spent.push(pixels),
  signal: new AbortController().signal
}

beforeEach(() => {
  beliefs = createBeliefs()
  events = []
  spent = []
})

/** Asks for `shoes@live`; the database answers when it is told to, and work when the database has, or when it is stopped. */
function ask(projectId = 'prj_a') {
  const database = Promise.withResolvers<Found>()
  const answer = beliefs.answer(
    { projectId, name: 'shoes@live', caller, find: () => database.promise },
    async ({ id }, { spend, signal }) => {
      events.push(`${id} begins`)
      await spend(100)
      await database.promise.catch(() => {})
      await new Promise((resolve) => setImmediate(resolve))
      events.push(signal.aborted ? `${id} is stopped` : `${id} ends`)
      return id
    }
  )
  const says = (id: string) => {
    events.push(`database: ${id}`)
    database.resolve({ id })
  }
  return { answer, says, fails: database.reject }
}

async function believe(id: string): Promise<void> {
  const { answer, says } = ask()
  says(id)
  await answer
  events = []
  spent = []
}

test('a name that nobody asked for before waits for the database', async () => {
  const { answer, says } = ask()
  says('mdl_1')
  assert.equal(await answer, 'mdl_1')
  assert.deepEqual(events, ['database: mdl_1', 'mdl_1 begins', 'mdl_1 ends'])
})

test('a known one begins at once, and is answered when the database has said the same', async () => {
  await believe('mdl_1')
  const { answer, says } = ask()
  says('mdl_1')
  assert.equal(await answer, 'mdl_1')
  assert.deepEqual(events, ['mdl_1 begins', 'database: mdl_1', 'mdl_1 ends'])
})

test('an alias that was moved meanwhile is answered by what it means now, and the images are paid for once', async () => {
  await believe('mdl_1')
  const { answer, says } = ask()
  says('mdl_2')
  assert.equal(await answer, 'mdl_2')
  const expected = ['mdl_1 begins', 'database: mdl_2', 'mdl_1 is stopped', 'mdl_2 begins', 'mdl_2 ends']
  assert.deepEqual(events, expected)
  assert.deepEqual(spent, [100])
})

test('a model that was deleted answers nobody, and is not believed again', async () => {
  await believe('mdl_1')
  const { answer, fails } = ask()
  fails(new AppError('model_not_found'))
  await assert.rejects(answer, (error) => isAppError(error, 'model_not_found'))
  events = []
  const { answer: again, says } = ask()
  says('mdl_2')
  assert.equal(await again, 'mdl_2')
  assert.equal(events[0], 'database: mdl_2')
})

test('what a name means to one project is not believed of another', async () => {
  await believe('mdl_1')
  const { answer, says } = ask('prj_b')
  says('mdl_9')
  assert.equal(await answer, 'mdl_9')
  assert.equal(events[0], 'database: mdl_9')
})

test('of a known one the database is asked when its images were handed on, not between their steps', async () => {
  const steps: string[] = []
  const asked = {
    projectId: 'prj_a',
    name: 'shoes@live',
    caller,
    find: async () => {
      steps.push('database')
      return { id: 'mdl_1' }
    }
  }
  const work = async () => {
    for (const step of ['read', 'decoded', 'handed on']) {
      await null
      steps.push(step)
    }
  }
  await beliefs.answer(asked, work)
  steps.length = 0
  await beliefs.answer(asked, work)
  assert.deepEqual(steps, ['read', 'decoded', 'handed on', 'database'])
})
