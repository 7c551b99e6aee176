/** The end of a project: what stands in its way, what goes with it, and what of others stays. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { newId } from '../../../src/base/ids.ts'
import { bound } from '../../../src/storage/postgres/bound-query.ts'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { fakeClock } from '../../helpers/fake-clock.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyModel } from '../../helpers/records.ts'
import { aTenant, type Tenant } from './tenants.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after }, { clock: fakeClock() })

const remove = (id: string, { key, all = false }: { readonly key?: string; readonly all?: boolean } = {}) =>
  api.call('DELETE', `/v1/projects/${id}${all ? '?contents=delete' : ''}`, key === undefined ? {} : { key })

async function aProject(): Promise<{ readonly id: string; readonly key: string }> {
  const { json } = await api.call('POST', '/v1/projects', { body: { name: newId('project') } })
  const admin = { name: 'admin', scopes: ['admin'] }
  return { id: json.id, key: (await api.call('POST', `/v1/projects/${json.id}/keys`, { body: admin })).json.key }
}

/** Everything that has project_id, and how many rows of the project it has. */
async function rowsOf(project: string): Promise<Readonly<Record<string, number>>> {
  const { pool } = api.database
  const { rows } = await pool.query<{ name: string }>(
    `select table_name as name from information_schema.columns where table_schema = 'public' and column_name = 'project_id'`
  )
  const counts = rows.map(async ({ name }) => {
    const { rows: found } = await pool.query(`select count(*)::int as n from ${name} where project_id = $1`, [project])
    return [name, found[0].n as number] as const
  })
  return Object.fromEntries(await Promise.all(counts))
}

/** Rows that no request of `aTenant` leaves behind, so that every table has some. */
async function fill({ project, run, evaluation }: Tenant): Promise<void> {
  const at = new Date()
  await api.stores.metrics.write(run, [{ key: 'loss', step: 1, value: 3 }])
  const { pool } = api.database
  await pool.query("insert into ground_truths values ($1, $2, '{}')", [evaluation, project])
  await pool.query("insert into idempotency_records values ($1, 'POST /', 'key', 'hash', '{}', $2)", [project, at])
  const tries = 'insert into job_tries (subject, project_id, failures, changed_at) values ($1, $2, $3, $4)'
  await pool.query(tries, [evaluation, project, '[]', at])
  await pool.query("insert into project_rates values ($1, 'requests', $2)", [project, at])
  const rollup = [run, 'loss', 16, 0, 3, 1, 3, 1, project]
  await pool.query('insert into run_metric_rollups values ($1, $2, $3, $4, $5, $6, $7, $8, $9)', rollup)
}

/** Nothing of it is worked on any more. */
async function settle({ key, sweep, run, evaluation, batch }: Tenant): Promise<void> {
  assert.equal((await api.call('POST', `/v1/batches/${batch}/cancel`, { key })).status, 200)
  for (const path of [`sweeps/${sweep}`, `runs/${run}`, `evaluations/${evaluation}`])
    assert.equal((await api.call('POST', `/v1/${path}:cancel`, { key })).status, 200, path)
}

const isThere = async (prefix: string): Promise<boolean> => {
  for await (const _ of api.objects.list(prefix)) return true
  return false
}

describe('an empty project', { skip }, () => {
  test('goes with its keys and webhooks, and is in no list any more', async () => {
    const { id, key } = await aProject()
    const hook = { url: 'https://hooks.invalid/', events: ['run.state'] }
    assert.equal((await api.call('POST', '/v1/webhooks', { key, body: hook })).status, 201)
    assert.equal((await remove(id)).status, 204)
    assert.equal((await api.call('GET', `/v1/projects/${id}`)).status, 404)
    assert.equal((await api.call('GET', '/v1/runs', { key })).status, 401, 'its key opens nothing')
    assert.equal((await remove(id)).status, 404)
    const listed = (await api.call('GET', '/v1/projects?limit=100')).json.data
    assert.ok(listed.every((one: { id: string }) => one.id !== id))
    const { name } = (await api.call('POST', '/v1/projects', { body: { name: id } })).json
    assert.equal(name, id)
  })

  test('leaves its log to the project of who deletes it, where its end is written too', async () => {
    const { id, key } = await aProject()
    const dataset = (await api.call('POST', '/v1/datasets', { key, body: { name: 'passing' } })).json.id
    await api.call('DELETE', `/v1/datasets/${dataset}`, { key })
    assert.equal((await remove(id)).status, 204)
    const actions = async (subject: string) =>
      (await api.call('GET', `/v1/audit?subject=${subject}`)).json.data.map((one: { action: string }) => one.action)
    assert.deepEqual(await actions(dataset), ['deleteDataset', 'createDataset'])
    assert.deepEqual(await actions(id), ['deleteProject', 'createProject'])
  })
})

describe('a project with something in it', { skip }, () => {
  test('is refused with how much of what there is, and stays as it is', async () => {
    const tenant = await aTenant(api, newId('project'))
    const refused = await remove(tenant.project)
    assert.deepEqual([refused.status, refused.json.code], [409, 'project_not_empty'], refused.text)
    assert.deepEqual(refused.json.contents, {
      datasets: 2,
      uploads: 2,
      sweeps: 1,
      runs: 2,
      models: 1,
      evaluations: 1,
      vector_sets: 1,
      files: 1,
      batches: 1
    })
    assert.equal((await api.call('GET', `/v1/runs/${tenant.run}`, { key: tenant.key })).status, 200)
  })

  test('does not go from under what is worked on: the answer names it', async () => {
    const tenant = await aTenant(api, newId('project'))
    const refused = await remove(tenant.project, { all: true })
    assert.deepEqual([refused.status, refused.json.code], [409, 'project_in_use'], refused.text)
    assert.ok(refused.json.used_by.includes(tenant.run) && refused.json.used_by.includes(tenant.evaluation))
    await settle(tenant)
    await api.stores.runs.update(tenant.run, { status: 'cancelling', desired: 'cancel' })
    assert.deepEqual((await remove(tenant.project, { all: true })).json.used_by, [tenant.run])
    assert.equal((await api.call('GET', `/v1/models/${tenant.model}`, { key: tenant.key })).status, 200)
  })

  test('goes with all of it, in every table, and takes nothing of another', async () => {
    const [going, staying] = [await aTenant(api, newId('project')), await aTenant(api, newId('project'))]
    await settle(going)
    for (const tenant of [going, staying]) await fill(tenant)
    await api.call('PATCH', `/v1/runs/${going.run}/checkpoints/${going.checkpoint}`, {
      key: going.key,
      body: { keep: true }
    })
    const [before, others] = [await rowsOf(going.project), await rowsOf(staying.project)]
    for (const [table, rows] of Object.entries(before)) {
      if (table !== 'removals') assert.ok(rows > 0, `nobody has a row of ${table}: fill it`)
    }
    const folders = [`datasets/${going.dataset}/`, `models/${going.model}/`, `files/${going.file}/`]
    await api.objects.put(`runs/${going.run}/e1/s10/state.safetensors`, Buffer.from('x'))
    for (const folder of folders) assert.equal(await isThere(folder), true, folder)

    const removed = await remove(going.project, { all: true })
    assert.equal(removed.status, 204, removed.text)
    const left = await rowsOf(going.project)
    const { removals = 0, run_metrics: points, run_metric_rollups: rollups, ...gone } = left
    assert.deepEqual(
      new Set(Object.values(gone)),
      new Set([0]),
      `decide in project-removal.ts: ${JSON.stringify(gone)}`
    )
    assert.ok(removals > 0, 'its objects go later')
    assert.deepEqual([points, rollups], [before['run_metrics'], before['run_metric_rollups']], 'and so do its curves')
    assert.deepEqual(await rowsOf(staying.project), others)

    await api.sweep()
    for (const prefix of [...folders, `runs/${going.run}/`, `uploads/${going.dataset}/`])
      assert.equal(await isThere(prefix), false, prefix)
    assert.deepEqual(new Set(Object.values(await rowsOf(going.project))), new Set([0]))
    const hasTable = async ({ vectorSet }: Tenant): Promise<boolean> =>
      (await api.database.pool.query('select to_regclass($1) is not null as there', [vectorSet])).rows[0].there
    assert.deepEqual([await hasTable(going), await hasTable(staying)], [false, true])
    assert.equal(await isThere(`datasets/${staying.dataset}/`), true)
    assert.equal((await api.call('GET', `/v1/models/${staying.model}`, { key: staying.key })).status, 200)
  })

  test('takes nothing of another even where a statement names it: the database sees to it', async () => {
    const [going, staying] = [await aTenant(api, newId('project')), await aTenant(api, newId('project'))]
    await settle(going)
    const others = await rowsOf(staying.project)
    await api.unitOfWork(async (tx) => {
      const [contents, wrong] = [await tx.projects.contents(going.project), await tx.projects.contents(staying.project)]
      const { runs, models, datasets, evaluations } = wrong
      const both = {
        ...contents,
        runs: [...contents.runs, ...runs],
        models: [...contents.models, ...models],
        datasets: [...contents.datasets, ...datasets],
        evaluations: [...contents.evaluations, ...evaluations]
      }
      await tx.projects.remove(going.project, both, api.projectId)
    })
    assert.deepEqual(await rowsOf(staying.project), others)
    assert.equal((await api.call('GET', `/v1/projects/${going.project}`)).status, 404)
  })

  test('is whole or gone, when something is made in it at the same moment', async () => {
    for (let round = 0; round < 6; round++) {
      const { id, key } = await aProject()
      const make = () => api.call('POST', '/v1/datasets', { key, body: { name: 'late' } })
      const [removed, made] = await Promise.all([remove(id), make()])
      assert.ok([204, 409].includes(removed.status), removed.text)
      assert.ok([201, 401].includes(made.status), made.text)
      assert.equal(removed.status === 204, made.status === 401, 'what was acknowledged is there')
      const there = await api.call('GET', `/v1/projects/${id}`)
      assert.equal(there.status, removed.status === 204 ? 404 : 200)
    }
  })
})

describe('a project that is stopped', { skip }, () => {
  test('has nothing left that is worked on, but for what its workers are still at, and can go', async () => {
    const tenant = await aTenant(api, newId('project'))
    const { project, key, run, evaluation, vectorSet, batch, queries } = tenant
    await api.stores.datasets.updateVersion(queries, 1, { status: 'ingesting' })
    await api.stores.vectorSets.update(vectorSet, { status: 'running' })
    const exporting = await aReadyModel(api.stores, project, { status: 'exporting', config: null })
    const body = { dataset: tenant.dataset, preset: 'demo' }
    const [training, paused] = [
      (await api.call('POST', '/v1/runs', { key, body })).json.id,
      (await api.call('POST', '/v1/runs', { key, body })).json.id
    ]
    await api.stores.runs.update(training, { status: 'running' })
    await api.call('POST', `/v1/runs/${paused}:pause`, { key })

    const stopped = await api.call('POST', `/v1/projects/${project}:stop`)
    assert.deepEqual([stopped.status, stopped.json.usage.queued_runs], [200, 0], stopped.text)
    const statusOf = async (path: string) => (await api.call('GET', `/v1/${path}`, { key })).json.status
    for (const path of [
      `runs/${run}`,
      `evaluations/${evaluation}`,
      `vector-sets/${vectorSet}`,
      `batches/${batch}`,
      `models/${exporting.id}`,
      `datasets/${queries}/versions/1`
    ])
      assert.equal(await statusOf(path), 'cancelled', path)
    assert.deepEqual([await statusOf(`runs/${training}`), await statusOf(`runs/${paused}`)], ['cancelling', 'paused'])

    const early = await remove(project, { all: true })
    assert.deepEqual([early.status, early.json.used_by], [409, [training]])
    assert.equal((await api.call('POST', `/v1/projects/${project}:stop`)).status, 200, 'again is no failure')
    await api.stores.runs.update(training, { status: 'cancelled' })
    assert.equal((await remove(project, { all: true })).status, 204)
    const { data } = (await api.call('GET', `/v1/audit?subject=${project}`)).json
    const actions = data.map(({ action }: { action: string }) => action)
    assert.deepEqual(actions, ['deleteProject', 'stopProject', 'stopProject'])
  })

  test('is stopped by an admin of the installation, and one that is not there is not found', async () => {
    const { id, key } = await aProject()
    assert.equal((await api.call('POST', `/v1/projects/${id}:stop`, { key })).status, 403)
    assert.equal((await api.call('POST', '/v1/projects/prj_none:stop')).status, 404)
  })
})

describe('who deletes a project', { skip }, () => {
  test('is an admin of the installation', async () => {
    const { id, key } = await aProject()
    const refused = await remove(id, { key })
    assert.deepEqual([refused.status, refused.json.required_scope], [403, 'instance:admin'])
  })

  test('does not delete the own one, nor the one that the installation begins with', async () => {
    const own = await remove(api.projectId, { all: true })
    assert.deepEqual([own.status, own.json.code], [409, 'project_in_use'])
    const { key } = await api.issueKey({ project: newId('project'), scopes: ['instance:admin'] })
    const first = await remove(api.projectId, { key, all: true })
    assert.deepEqual([first.status, first.json.code], [409, 'project_in_use'])
    assert.match(first.json.detail, /with which the installation begins/)
  })

  test('leaves an admin key of the installation that does not run out', async () => {
    const other = await api.issueKey({ project: newId('project'), scopes: ['instance:admin'] })
    const { pool } = api.database
    const ends = (at: string | null) =>
      pool.query("update api_keys set expires_at = $1 where scopes @> '{instance:admin}' and project_id <> $2", [
        at,
        other.projectId
      ])
    await ends('2999-01-01T00:00:00Z')
    const refused = await remove(other.projectId)
    assert.deepEqual([refused.status, refused.json.code], [409, 'last_admin_key'])
    await ends(null)
    assert.equal((await remove(other.projectId)).status, 204)
    assert.equal((await api.call('GET', '/v1/runs', { key: other.key })).status, 401)
  })

  test('does so by a role of its own: that of requests may delete none', async () => {
    const { id } = await aProject()
    const ask = bound(api.database.pool, id).query('delete from projects where id = $1', [id])
    await assert.rejects(ask, /permission denied/)
  })
})
