import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyVersion } from '../../helpers/records.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })
const { datasetId, version } = skip ? { datasetId: '', version: 0 } : await aReadyVersion(api, api.projectId)
const dataset = `${datasetId}@${version}`
const run = { dataset, preset: 'demo' }
const RATE = 'hyperparameters.learning_rate'

const create = (body: object) => api.call('POST', '/v1/sweeps', { body })
const validate = (body: object) => api.call('POST', '/v1/sweeps:validate', { body })
const compare = async (id: string, query = '') => (await api.call('GET', `/v1/sweeps/${id}${query}`)).json
const runsOf = async (id: string) => (await api.call('GET', `/v1/runs?sweep=${id}&limit=100`)).json.data

interface Trial {
  readonly trial: number
  readonly values: Readonly<Record<string, unknown>>
  readonly run: string
  readonly status: string
}

test('a grid makes a queued run of every combination, and a trial is a run that knows its sweep', {
  skip
}, async () => {
  const before = api.jobs.length
  const grid = { [RATE]: [0.001, 0.002], seed: [0, 1, 2] }
  const made = await create({ name: 'rates', run, grid, metadata: { team: 'x' } })
  assert.equal(made.status, 202, made.text)
  const sweep = made.json
  assert.equal(made.headers['location'], `/v1/sweeps/${sweep.id}`)
  assert.deepEqual([sweep.trial_count, sweep.statuses, sweep.metadata], [6, { queued: 6 }, { team: 'x' }])
  const values = sweep.trials.map((trial: Trial) => [trial.values[RATE], trial.values['seed']])
  const inOrder = [0.001, 0.002].flatMap((rate) => [0, 1, 2].map((seed) => [rate, seed]))
  assert.deepEqual(values, inOrder)
  assert.equal(api.jobs.length, before + 6)

  const runs = await runsOf(sweep.id)
  assert.equal(runs.length, 6)
  const fifth = (await api.call('GET', `/v1/runs/${sweep.trials[4].run}`)).json
  assert.deepEqual([fifth.sweep, fifth.trial, fifth.name], [sweep.id, 5, 'rates #5'])
  assert.equal(fifth.resolved_recipe.hyperparameters.learning_rate, 0.002)
  assert.equal(fifth.resolved_recipe.seed, 1)
  assert.ok((await api.stores.events.list(fifth.id, 0, 10)).length === 1)

  const { estimate } = sweep
  const one = (await api.call('POST', '/v1/runs:validate', { body: run })).json.estimate
  assert.deepEqual([estimate.steps, estimate.memory_bytes], [6 * one.steps, one.memory_bytes])
  assert.equal(estimate.duration_s, null, 'nothing has been measured yet')
  const single = (await api.call('POST', '/v1/runs', { body: run })).json
  assert.deepEqual([single.sweep, single.trial], [null, null])
})

test('random trials are within their bounds, and the same ones for the same seed', { skip }, async () => {
  const random = {
    [RATE]: { min: 0.0001, max: 0.01, scale: 'log' },
    'hyperparameters.epochs': { min: 2, max: 4 },
    'hyperparameters.warmup_epochs': { values: [0, 1] }
  }
  const ask = { run, random, trials: 20, seed: 7 }
  const first = await validate(ask)
  assert.equal(first.status, 200, first.text)
  const valuesOf = (json: { readonly trials: readonly Trial[] }) => json.trials.map(({ values }) => values)
  const drawn = valuesOf(first.json)
  for (const values of drawn) {
    const rate = Number(values[RATE])
    assert.ok(rate >= 0.0001 && rate <= 0.01, String(rate))
  }
  assert.deepEqual([...new Set(drawn.map((values) => values['hyperparameters.epochs']))].sort(), [2, 3, 4])
  assert.deepEqual([...new Set(drawn.map((values) => values['hyperparameters.warmup_epochs']))].sort(), [0, 1])

  const backwards = Object.fromEntries(Object.entries(random).reverse())
  const made = (await create({ ...ask, random: backwards, trials: 10 })).json
  assert.deepEqual(valuesOf(made), drawn.slice(0, 10), 'neither the order of fields nor the number of trials matters')
  assert.notDeepEqual(valuesOf((await validate({ ...ask, seed: 8 })).json), drawn)
  assert.deepEqual(
    [made.seed, made.grid, made.random],
    [7, null, { ...random, 'hyperparameters.epochs': { min: 2, max: 4, scale: 'linear' } }]
  )
})

test('trials are compared by their last points, and the best is one that has succeeded', { skip }, async () => {
  const objective = { metric: 'kl', direction: 'minimize' }
  const { id, trials } = (await create({ run, grid: { seed: [0, 1, 2, 3, 4] }, objective })).json
  const [first, second, third, fourth, fifth] = trials.map((trial: Trial) => trial.run) as string[]
  const nothing = { best: null, leading: null, open: 5, without_value: 0 }
  assert.deepEqual((await compare(id)).standing, nothing)

  const write = (runId: string, points: readonly (readonly [string, number, number])[]) =>
    api.stores.metrics.write(
      runId,
      points.map(([key, step, value]) => ({ key, step, value }))
    )
  await write(first!, [
    ['kl', 1, 0.1],
    ['kl', 9, 0.5],
    ['loss', 9, 7]
  ])
  await write(second!, [['kl', 4, 0.2]])
  await write(third!, [['kl', 9, 0.4]])
  await write(fourth!, [['kl', 9, 0.01]])
  await write(fifth!, [['kl', 9, Number.NaN]])
  await api.stores.runs.update(first!, { status: 'succeeded', modelId: 'mdl_1' })
  await api.stores.runs.update(third!, { status: 'succeeded' })
  await api.stores.runs.update(fifth!, { status: 'succeeded' })
  const error = { code: 'loss_not_finite', message: 'it grew', retryable: false, step: 9 }
  await api.stores.runs.update(fourth!, { status: 'failed', error })

  const seen = await compare(id)
  assert.deepEqual(seen.statuses, { succeeded: 3, queued: 1, failed: 1 })
  assert.deepEqual(seen.metrics, ['loss', 'kl'])
  assert.deepEqual(seen.trials[0].metrics, { loss: { step: 9, value: 7 }, kl: { step: 9, value: 0.5 } })
  assert.deepEqual(seen.trials[4].metrics, { loss: null, kl: { step: 9, value: null } })
  assert.deepEqual(
    [seen.trials[0].model, seen.trials[3].error.code, seen.trials[1].progress.step],
    ['mdl_1', 'loss_not_finite', 0]
  )
  assert.deepEqual(seen.standing, {
    best: { trial: 3, run: third, step: 9, value: 0.4 },
    leading: { trial: 2, run: second, step: 4, value: 0.2 },
    open: 1,
    without_value: 1
  })
  const { etag = '' } = (await api.call('GET', `/v1/sweeps/${id}`)).headers
  const same = await api.call('GET', `/v1/sweeps/${id}`, { headers: { 'if-none-match': etag } })
  assert.equal(same.status, 304)
  const asked = await compare(id, '?metrics=grad_norm')
  assert.deepEqual(asked.trials[0].metrics, { grad_norm: null })
  assert.equal(asked.standing.best.trial, 3, 'the objective is what it was')
  const refused = await api.call('GET', `/v1/sweeps/${id}?metrics=loss,lost`)
  assert.equal(refused.json.errors[0].parameter, 'metrics')
})

test('an objective of an evaluation is one where each run has an evaluation', { skip }, async () => {
  const objective = { metric: 'eval/knn_top1_k20', direction: 'maximize' }
  const evaluation = { dataset, protocols: ['knn'] }
  const made = await create({ run: { ...run, evaluation }, grid: { seed: [0, 1] }, objective })
  assert.equal(made.status, 202, made.text)
  const { id, trials } = made.json
  assert.equal((await api.call('GET', `/v1/runs/${trials[0].run}`)).json.evaluation.dataset, dataset)
  for (const [index, value] of [0.5, 0.75].entries()) {
    await api.stores.metrics.write(trials[index].run, [{ key: objective.metric, step: 9, value }])
    await api.stores.runs.update(trials[index].run, { status: 'succeeded' })
  }
  assert.equal((await compare(id)).standing.best.trial, 2)
})

test('a sweep is paused, goes on, is cancelled and tried again as far as its trials can be', { skip }, async () => {
  const { id, trials } = (await create({ run, grid: { seed: [0, 1, 2] } })).json
  await api.stores.runs.update(trials[0].run, { status: 'succeeded' })
  await api.stores.runs.update(trials[1].run, { status: 'running' })
  const ask = async (verb: string) => {
    const answer = await api.call('POST', `/v1/sweeps/${id}:${verb}`)
    assert.equal(answer.status, 200, answer.text)
    return answer.json.trials.map((trial: Trial) => trial.status)
  }
  assert.deepEqual(await ask('pause'), ['succeeded', 'pausing', 'paused'])
  assert.deepEqual(await ask('pause'), ['succeeded', 'pausing', 'paused'])
  assert.deepEqual(await ask('resume'), ['succeeded', 'running', 'queued'])
  assert.deepEqual(await ask('cancel'), ['succeeded', 'cancelling', 'cancelled'])
  assert.deepEqual(await ask('cancel'), ['succeeded', 'cancelling', 'cancelled'])
  await api.stores.runs.update(trials[1].run, { status: 'failed', failures: [], attempt: 3 })
  assert.deepEqual(await ask('retry'), ['succeeded', 'queued', 'queued'])
  assert.deepEqual(await ask('retry'), ['succeeded', 'queued', 'queued'])
  assert.equal((await api.call('POST', '/v1/sweeps/swp_none:cancel')).status, 404)
})

test('a sweep is renamed and listed, and removing it leaves its runs', { skip }, async () => {
  const { id, trials } = (await create({ name: 'first', run, grid: { seed: [0, 1] } })).json
  const patched = await api.call('PATCH', `/v1/sweeps/${id}`, { body: { name: 'second', metadata: { by: 'me' } } })
  assert.deepEqual([patched.json.name, patched.json.metadata], ['second', { by: 'me' }])
  const [newest] = (await api.call('GET', '/v1/sweeps?limit=1')).json.data
  assert.deepEqual([newest.id, newest.name, newest.trial_count, newest.statuses], [id, 'second', 2, { queued: 2 }])
  assert.equal((await api.call('DELETE', `/v1/sweeps/${id}`)).status, 204)
  assert.equal((await api.call('GET', `/v1/sweeps/${id}`)).status, 404)
  assert.equal((await api.call('DELETE', `/v1/sweeps/${id}`)).status, 404)
  const left = (await api.call('GET', `/v1/runs/${trials[1].run}`)).json
  assert.deepEqual([left.status, left.sweep, left.trial], ['queued', null, null])
})

test('a request that is sent again with its idempotency key makes no second sweep', { skip }, async () => {
  const body = { run, grid: { seed: [0, 1] } }
  const headers = { 'idempotency-key': 'sweep-1' }
  const first = await api.call('POST', '/v1/sweeps', { body, headers })
  const again = await api.call('POST', '/v1/sweeps', { body, headers })
  assert.equal(again.json.id, first.json.id)
  assert.equal((await runsOf(first.json.id)).length, 2)
})

test('64 trials are one answer', { skip }, async () => {
  const made = await create({ run, random: { seed: { min: 0, max: 4294967295 } }, trials: 64 })
  assert.equal(made.status, 202, made.text)
  assert.equal(new Set(made.json.trials.map(({ run: id }: Trial) => id)).size, 64)
})
