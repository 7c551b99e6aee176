import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { AppError } from '../../../src/base/errors.ts'
import type { UnitOfWork } from '../../../src/domain/stores.ts'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { fakeClock } from '../../helpers/fake-clock.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyVersion } from '../../helpers/records.ts'

const skip = await whyNoPostgres()
const clock = fakeClock()

/** Where the next unit of work meets its end, or waits. */
let beforeCommit: () => Promise<void> = async () => {}
let afterCommit: () => Promise<void> = async () => {}
const faulty =
  (real: UnitOfWork): UnitOfWork =>
  async (work) => {
    const result = await real(async (tx) => {
      const done = await work(tx)
      await beforeCommit()
      return done
    })
    await afterCommit()
    return result
  }
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after }, { clock, unitOfWork: faulty })
const dataset = skip ? '' : (await aReadyVersion(api, api.projectId)).datasetId

beforeEach(() => {
  beforeCommit = async () => {}
  afterCommit = async () => {}
})

const crash = async () => {
  throw new Error('the process was killed')
}

const createRun = (key: string, name: string) => {
  const body = { dataset, method: 'dino-vmf', preset: 'demo', name }
  return api.call('POST', '/v1/runs', { body, headers: { 'idempotency-key': key } })
}
const createDataset = (key: string, name: string) =>
  api.call('POST', '/v1/datasets', { body: { name }, headers: { 'idempotency-key': key } })

const named = async (list: string, name: string): Promise<string[]> =>
  (await api.call('GET', `${list}?limit=100`)).json.data
    .filter((one: { name: string }) => one.name === name)
    .map(({ id }: { id: string }) => id)
const jobsOf = (run: string) => api.jobs.filter(({ payload }) => (payload as { runId?: string }).runId === run)

test('a crash between the work and its record leaves neither, and a repetition makes one run', { skip }, async () => {
  beforeCommit = crash
  assert.equal((await createRun('crash-1', 'before')).status, 500)
  assert.deepEqual(await named('/v1/runs', 'before'), [])
  beforeCommit = async () => {}
  const again = await createRun('crash-1', 'before')
  assert.equal(again.status, 202)
  assert.equal(again.headers['idempotent-replayed'], undefined)
  assert.deepEqual(await named('/v1/runs', 'before'), [again.json.id])
})

test('a crash between the commit and the answer leaves both, and a repetition is told of the one run', {
  skip
}, async () => {
  afterCommit = crash
  assert.equal((await createRun('crash-2', 'after')).status, 500)
  afterCommit = async () => {}
  const [id, ...more] = await named('/v1/runs', 'after')
  assert.deepEqual(more, [])
  const again = await createRun('crash-2', 'after')
  assert.equal(again.status, 202)
  assert.equal(again.headers['idempotent-replayed'], 'true')
  assert.equal(again.json.id, id)
  assert.equal(again.headers['location'], `/v1/runs/${id}`)
  assert.equal(jobsOf(id!).length, 1)
})

test('a second request waits for the first, and answers what it did', { skip }, async () => {
  const gate = Promise.withResolvers<void>()
  const isHeld = Promise.withResolvers<void>()
  beforeCommit = () => {
    isHeld.resolve()
    return gate.promise
  }
  const first = createDataset('race', 'race')
  await isHeld.promise
  const second = createDataset('race', 'race')
  const isWaiting = async () => {
    const { rows } = await api.database.pool.query(
      "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    )
    return rows.length > 0
  }
  while (!(await isWaiting()));
  gate.resolve()
  const answers = await Promise.all([first, second])
  assert.deepEqual(
    answers.map(({ status }) => status),
    [201, 201]
  )
  assert.equal(answers[1]?.text, answers[0]?.text)
  assert.equal(answers[1]?.headers['idempotent-replayed'], 'true')
  assert.equal((await named('/v1/datasets', 'race')).length, 1)
})

test('a second request that has waited for seconds is told so', { skip }, async () => {
  const gate = Promise.withResolvers<void>()
  const isHeld = Promise.withResolvers<void>()
  beforeCommit = () => {
    isHeld.resolve()
    return gate.promise
  }
  const first = createDataset('slow', 'slow')
  await isHeld.promise
  const second = await createDataset('slow', 'slow')
  gate.resolve()
  assert.equal(second.status, 409, second.text)
  assert.equal(second.json.code, 'idempotency_in_progress')
  assert.equal(second.headers['retry-after'], '1')
  assert.equal((await first).status, 201)
  assert.equal((await named('/v1/datasets', 'slow')).length, 1)
})

test('what was not done is not kept: the same key is right with what is mended', { skip }, async () => {
  assert.equal((await createDataset('mended', '')).status, 400)
  beforeCommit = async () => {
    throw new AppError('database_unavailable', { retryAfterS: 5 })
  }
  assert.equal((await createDataset('mended', 'mended')).status, 503)
  beforeCommit = async () => {}
  assert.equal((await createDataset('mended', 'mended')).status, 201)
})

test('after a day a key is a new one, and nothing is left of the old record', { skip }, async () => {
  const first = await createDataset('day', 'day')
  await clock.advance(24 * 3600_000)
  assert.equal((await createDataset('day', 'day')).json.id, first.json.id)
  await clock.advance(1)
  const next = await createDataset('day', 'day')
  assert.notEqual(next.json.id, first.json.id)
  const { rows } = await api.database.pool.query("select key from idempotency_records where key in ('day', 'race')")
  assert.deepEqual(rows, [{ key: 'day' }])
})

test('without a key, too, nothing stays of a request that was answered with a failure', { skip }, async () => {
  beforeCommit = crash
  const failed = await api.call('POST', '/v1/datasets', { body: { name: 'keyless' } })
  assert.equal(failed.status, 500)
  assert.deepEqual(await named('/v1/datasets', 'keyless'), [])
})
