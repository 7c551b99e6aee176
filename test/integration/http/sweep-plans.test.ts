/** What a sweep would be: validated, refused by the name of a field, taken back as a whole. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { readRunRequest } from '../../../src/http/schemas/run.ts'
import { createRunPlanner } from '../../../src/services/runs/plan-run.ts'
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
const countAll = async () => [(await api.call('GET', '/v1/runs?limit=100')).json.data.length, api.jobs.length]

test('validating says what every trial would be and what all take together, and leaves nothing behind', {
  skip
}, async () => {
  const before = await countAll()
  const { json } = await validate({ run, grid: { 'hyperparameters.epochs': [10, 20] } })
  assert.deepEqual(await countAll(), before)
  assert.deepEqual(
    json.trials.map(
      (trial: { readonly resolved_recipe: { readonly hyperparameters: { readonly epochs: number } } }) =>
        trial.resolved_recipe.hyperparameters.epochs
    ),
    [10, 20]
  )
  const steps = json.trials.map((trial: { readonly estimate: { readonly steps: number } }) => trial.estimate.steps)
  assert.equal(json.estimate.steps, steps[0] + steps[1])
  assert.equal(steps[1], 2 * steps[0])
})

test('what cannot be a sweep is refused by the name of its field, and nothing of it is made', { skip }, async () => {
  const before = await countAll()
  const refusals: readonly (readonly [body: object, pointer: string, detail: RegExp])[] = [
    [{ run }, '/grid', /is required/],
    [{ run, grid: { [RATE]: [1] }, trials: 3 }, '/trials', /unknown field/],
    [{ run, grid: {} }, '/grid', /./],
    [{ run, grid: { 'compute.devices': [1, 2] } }, '/grid/compute.devices', /unknown field/],
    [{ run, grid: { seed: [1, 1] } }, '/grid/seed', /duplicate/],
    [
      { run, grid: { seed: [0, 1], 'hyperparameters.epochs': Array.from({ length: 33 }, (_, i) => i + 1) } },
      '/grid',
      /makes 66 trials, and 64/
    ],
    [{ run: { ...run, seed: 3 }, grid: { seed: [0] } }, '/run/seed', /leave it out/],
    [
      { run, grid: { 'hyperparameters.ibot': [null], 'hyperparameters.ibot.ratio': [0.1] } },
      '/grid/hyperparameters.ibot.ratio',
      /a part of/
    ],
    [
      { run, grid: { 'hyperparameters.lerning_rate': [1] } },
      '/grid/hyperparameters.lerning_rate/0',
      /unknown field.*in trial 1/
    ],
    [{ run, grid: { seed: [0, 'one'] } }, '/grid/seed/1', /in trial 2 \(seed = "one"\)/],
    [{ run, random: { seed: { values: [-1] } }, trials: 1 }, '/random/seed/values/0', /in trial 1/],
    [{ run, random: { [RATE]: { min: 0, max: 1, scale: 'log' } }, trials: 1 }, `/random/${RATE}/min`, /logarithmic/],
    [{ run, random: { [RATE]: { min: 1, max: 1 } }, trials: 1 }, `/random/${RATE}/max`, /more than min/],
    [{ run, random: { seed: { min: 0.5, max: 2 } }, trials: 1 }, '/random/seed/min', /whole/],
    [{ run, random: { seed: { min: 0, max: 2 } }, trials: 65 }, '/trials', /./],
    [{ run: { preset: 'demo' }, grid: { seed: [0] } }, '/run/dataset', /is required, in trial 1/],
    [{ run: { ...run, colour: 1 }, grid: { seed: [0] } }, '/run/colour', /unknown field/],
    [
      { run, grid: { seed: [0] }, objective: { metric: 'lost', direction: 'minimize' } },
      '/objective/metric',
      /no metric/
    ],
    [
      { run, grid: { seed: [0] }, objective: { metric: 'system/memory_bytes', direction: 'minimize' } },
      '/objective/metric',
      /says which trial is best/
    ],
    [
      { run, grid: { seed: [0] }, objective: { metric: 'eval/knn_top1_k20', direction: 'maximize' } },
      '/objective/metric',
      /run\.evaluation/
    ],
    // What only the recipe's own rules know, of one trial among others.
    [
      { run, grid: { 'hyperparameters.epochs': [3, 20], 'hyperparameters.warmup_epochs': [5] } },
      '/grid/hyperparameters.warmup_epochs/0',
      /in trial 1 \(hyperparameters\.epochs = 3/
    ],
    [
      { run: { preset: 'demo' }, grid: { dataset: [dataset, 'ds_nowhere'] } },
      '/grid/dataset/1',
      /no such dataset, in trial 2 \(dataset = "ds_nowhere"\)/
    ]
  ]
  for (const [body, pointer, detail] of refusals) {
    for (const refused of [await create(body), await validate(body)]) {
      const shown = `${JSON.stringify(body)}: ${refused.text}`
      assert.ok([400, 404, 422].includes(refused.status), shown)
      const errors: { pointer: string; detail: string }[] = refused.json.errors ?? []
      const found = errors.find((one) => one.pointer === pointer)
      assert.match(found?.detail ?? 'nothing is said of it', detail, shown)
    }
  }
  assert.deepEqual(await countAll(), before)
  assert.ok(
    (await api.call('GET', '/v1/sweeps?limit=100')).json.data.every(
      (one: { trial_count: number }) => one.trial_count > 1
    )
  )
})

test('a trial that cannot be inserted takes all the others back', { skip }, async () => {
  const before = await countAll()
  const gone = await aReadyVersion(api, api.projectId)
  const { stores } = api.reachOf(api.projectId)
  const findVersion = stores.datasets.findVersion
  let planned = 0
  // Between planning and inserting the dataset is removed.
  Object.assign(stores.datasets, {
    findVersion: async (...given: Parameters<typeof findVersion>) => {
      const found = await findVersion(...given)
      planned += 1
      if (planned === 2) await api.stores.datasets.remove(api.projectId, gone.datasetId)
      return found
    }
  })
  const refused = await create({ run: { preset: 'demo' }, grid: { dataset: [dataset, `${gone.datasetId}@1`] } })
  Object.assign(stores.datasets, { findVersion })
  assert.deepEqual([refused.status, refused.json.code, planned], [404, 'dataset_version_not_found', 2], refused.text)
  assert.equal((await countAll())[0], before[0])
})

test('what trials share is read once for all of them', { skip }, async () => {
  const asked: string[] = []
  const counting = <T extends object>(name: string, of: T): T =>
    new Proxy(of, {
      get(target, method) {
        const value: unknown = Reflect.get(target, method)
        if (typeof value !== 'function') return value
        return (...given: unknown[]) => {
          asked.push(`${name}.${String(method)}`)
          return value.apply(target, given)
        }
      }
    })
  const { projects, runs, workers, datasets } = api.stores
  const stores = {
    ...api.stores,
    projects: counting('projects', projects),
    runs: counting('runs', runs),
    workers: counting('workers', workers)
  }
  const version = (await datasets.findVersion(api.projectId, datasetId, 1))!
  const deps = {
    stores,
    objects: counting('objects', api.objects),
    datasets: counting('datasets', { resolve: async () => version }),
    models: { getReady: () => assert.fail('no trial begins from a model') }
  }
  const evaluation = { dataset, protocols: ['knn' as const] }
  const countOf = async (trials: number): Promise<readonly string[]> => {
    asked.length = 0
    const plan = createRunPlanner(deps, api.projectId)
    const seeds = Array.from({ length: trials }, (_, seed) => seed)
    for (const seed of seeds) await plan(readRunRequest({ ...run, preset: 'demo', seed, evaluation }))
    return [...asked]
  }
  const ofOne = await countOf(1)
  assert.deepEqual(await countOf(8), ofOne)
  for (const one of ['datasets.resolve', 'projects.find', 'runs.list']) assert.ok(ofOne.includes(one), one)
})
