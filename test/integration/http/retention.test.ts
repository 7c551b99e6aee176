/** Which checkpoints stay: what a project says for its runs, what a run says for itself, and why each is there. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { newId } from '../../../src/base/ids.ts'
import type { Checkpoint } from '../../../src/domain/checkpoint.ts'
import { listSuperseded } from '../../../src/services/runs/retention.ts'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aCheckpoint, aReadyVersion } from '../../helpers/records.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })
const BEST = { metric: 'loss', direction: 'minimize', count: 2 }

async function aProject(checkpoint?: object) {
  const body = { name: newId('project'), ...(checkpoint && { checkpoint }) }
  const { json: project } = await api.call('POST', '/v1/projects', { body })
  const admin = { name: 'admin', scopes: ['admin'] }
  const { json } = await api.call('POST', `/v1/projects/${project.id}/keys`, { body: admin })
  const { datasetId: dataset } = await aReadyVersion(api, project.id)
  const { key } = json as { key: string }
  const create = (policy?: object) =>
    api.call('POST', '/v1/runs', { key, body: { dataset, preset: 'demo', ...(policy && { checkpoint: policy }) } })
  return { project, key, dataset, create, path: `/v1/projects/${project.id}` }
}

async function store(run: { id: string; project_id: string }, step: number, patch: Partial<Checkpoint> = {}) {
  const checkpoint = { ...aCheckpoint(run.id, run.project_id), step, prefix: `runs/${run.id}/e1/s${step}`, ...patch }
  await api.stores.checkpoints.insert(checkpoint)
  return checkpoint.id
}

test('a project says which checkpoints of its runs stay, as far as a run does not say it itself', {
  skip
}, async () => {
  const { project, create, path } = await aProject({ keep_last: 5, keep_best: BEST })
  assert.deepEqual(project.checkpoint, { keep_last: 5, keep_best: BEST })
  const policyOf = async (policy?: object) => (await create(policy)).json.checkpoint
  assert.deepEqual(await policyOf(), { every_s: 900, keep_last: 5, keep_best: BEST })
  assert.deepEqual(await policyOf({ keep_last: 1, keep_best: null }), { every_s: 900, keep_last: 1 })
  assert.deepEqual(await policyOf({ every_s: 60, keep_every_epochs: 10 }), {
    ...{ every_s: 60, keep_last: 5, keep_every_epochs: 10, keep_best: BEST }
  })
  const made = (await create()).json

  const patch = (checkpoint: object) => api.call('PATCH', path, { body: { checkpoint } })
  assert.deepEqual((await patch({ keep_every_epochs: 20 })).json.checkpoint, {
    ...{ keep_last: 5, keep_every_epochs: 20, keep_best: BEST }
  })
  assert.deepEqual((await patch({ keep_best: null, keep_every_epochs: null })).json.checkpoint, { keep_last: 5 })
  assert.deepEqual((await api.call('PATCH', path, { body: { name: newId('project') } })).json.checkpoint, {
    keep_last: 5
  })
  assert.deepEqual(await policyOf(), { every_s: 900, keep_last: 5 })
  const { checkpoint } = (await api.stores.runs.load(made.id))!
  assert.deepEqual(checkpoint.keepBest, BEST, 'runs that are there keep theirs')
  assert.deepEqual((await aProject()).project.checkpoint, { keep_last: 3 })
})

test('a policy that keeps the best of what nothing measures on the way is told so, and one that acts is not', {
  skip
}, async () => {
  const { key, dataset, path } = await aProject()
  const best = (metric: string) => ({ checkpoint: { keep_best: { metric, direction: 'maximize', count: 1 } } })
  const warningsOf = async (more: object, at = '/v1/runs:validate') => {
    const run = { dataset, preset: 'demo', ...more }
    const body = at.startsWith('/v1/sweeps') ? { run, grid: { seed: [1, 2] } } : run
    const { json, text } = await api.call('POST', at, { key, body })
    assert.ok(Array.isArray(json.warnings), text)
    return json.warnings.filter(({ what }: { what: string }) => what === 'checkpoint')
  }
  const unmeasured = best('eval/knn_top1_k20')
  const evaluation = (more: object) => ({ evaluation: { dataset, protocols: ['knn'], ...more } })
  for (const at of ['/v1/runs:validate', '/v1/runs', '/v1/sweeps:validate', '/v1/sweeps']) {
    const [warning, ...others] = await warningsOf(unmeasured, at)
    assert.match(warning.message, /eval\/knn_top1_k20 needs evaluation\.every_epochs/, at)
    assert.deepEqual(others, [])
  }
  assert.equal((await warningsOf({ ...unmeasured, ...evaluation({}) })).length, 1, 'of the model alone')
  const other = { ...best('eval/label_free_rankme'), ...evaluation({ every_epochs: 1 }) }
  assert.match((await warningsOf(other))[0].message, /of no protocol in evaluation\.protocols/)
  assert.deepEqual(await warningsOf({ ...unmeasured, ...evaluation({ every_epochs: 1 }) }), [])
  assert.deepEqual(await warningsOf({ ...best('loss') }), [])
  await api.call('PATCH', path, { body: { ...unmeasured } })
  assert.equal((await warningsOf({})).length, 1, 'of its project')
})

test('trials of a sweep have it too, and a fork has that of its parent but for what it overrides', {
  skip
}, async () => {
  const { key, dataset, create, path } = await aProject({ keep_best: BEST })
  const run = { dataset, preset: 'demo', checkpoint: { keep_last: 2 } }
  const grid = { seed: [1, 2] }
  const { json: sweep } = await api.call('POST', '/v1/sweeps', { key, body: { run, grid } })
  const { json: trials } = await api.call('GET', `/v1/runs?sweep=${sweep.id}`, { key })
  assert.equal(trials.data.length, 2)
  for (const trial of trials.data) assert.deepEqual(trial.checkpoint, { every_s: 900, keep_last: 2, keep_best: BEST })

  const { json: parent } = await create({ keep_every_epochs: 3 })
  const checkpoint = await store(parent, 10)
  await api.call('PATCH', path, { body: { checkpoint: { keep_last: 9, keep_best: null } } })
  const fork = async (overrides: object) =>
    (await api.call('POST', `/v1/runs/${parent.id}:fork`, { key, body: { checkpoint, overrides } })).json.checkpoint
  assert.deepEqual(await fork({}), parent.checkpoint)
  assert.deepEqual(await fork({ checkpoint: { keep_every_epochs: 7 } }), { ...parent.checkpoint, keep_every_epochs: 7 })
  assert.deepEqual(await fork({ checkpoint: { keep_best: null } }), {
    ...{ every_s: 900, keep_last: 3, keep_every_epochs: 3 }
  })
})

test('a metric that no run reports is refused, wherever it is named', { skip }, async () => {
  const { key, dataset, create, path } = await aProject()
  const of = (metric: string) => ({ keep_best: { ...BEST, metric } })
  const { json: parent } = await create()
  const checkpoint = await store(parent, 10)
  for (const metric of ['lose', 'eval/*', 'loss*', 'system/cpu_share']) {
    const fork = { checkpoint, overrides: { checkpoint: of(metric) } }
    const answers = [
      await create(of(metric)),
      await api.call('PATCH', path, { body: { checkpoint: of(metric) } }),
      await api.call('POST', `/v1/runs/${parent.id}:fork`, { key, body: fork }),
      await api.call('POST', '/v1/runs:validate', { key, body: { dataset, preset: 'demo', checkpoint: of(metric) } })
    ]
    assert.deepEqual(
      answers.map(({ status, json }) => [status, json.errors?.[0].pointer]),
      [
        [400, '/checkpoint/keep_best/metric'],
        [400, '/checkpoint/keep_best/metric'],
        [400, '/overrides/checkpoint/keep_best/metric'],
        [400, '/checkpoint/keep_best/metric']
      ],
      metric
    )
  }
  assert.equal((await create(of('eval/knn_top1_k20'))).status, 202)
})

test('a checkpoint says why it stays, and what says nothing is what goes', { skip }, async () => {
  const { key, create } = await aProject()
  const best = { metric: 'eval/knn_top1_k20', direction: 'maximize', count: 1 }
  const { json: run } = await create({ keep_last: 1, keep_every_epochs: 10, keep_best: best })
  const kept = await store(run, 10, { keep: true })
  const ids = [kept]
  for (const [step, epoch] of [
    [20, 2],
    [30, 3],
    [40, 10],
    [50, 11],
    [60, 12]
  ] as const)
    ids.push(await store(run, step, { epoch }))
  const points = [20, 30, 50].map((step) => ({ step, key: best.metric, value: step === 30 ? 0.9 : 0.5 }))
  await api.stores.metrics.write(run.id, points)
  const gone = await store(run, 5)
  await api.stores.checkpoints.markDeleted(gone)
  const { json } = await api.call('GET', `/v1/runs/${run.id}/checkpoints`, { key })
  const because = new Map(json.data.map((one: { id: string; kept_because: string[] }) => [one.id, one.kept_because]))
  assert.deepEqual(
    ids.map((id) => because.get(id)),
    [['user'], [], ['best'], ['epoch'], [], ['last']]
  )
  assert.deepEqual(because.get(gone), [])
  const superseded = await listSuperseded(api.stores, (await api.stores.runs.load(run.id))!)
  assert.deepEqual(
    superseded.map(({ step }) => step),
    [20, 50]
  )
  const path = `/v1/runs/${run.id}/checkpoints/${ids[1]}`
  const keepIt = async (keep: boolean) => (await api.call('PATCH', path, { key, body: { keep } })).json.kept_because
  assert.deepEqual([await keepIt(true), await keepIt(false)], [['user'], []])
})
