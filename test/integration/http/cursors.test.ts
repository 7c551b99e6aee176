/** Cursors of every list: opaque, checked, and of one list, project and order only. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { sealCursor } from '../../../src/http/core/cursors.ts'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { aBatch, aRequestFile } from '../../helpers/batch-records.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aCheckpoint, aReadyModel, aReadyVersion, seePrototypes } from '../../helpers/records.ts'
import { anUnlabelledRow, aVectorSet } from '../../helpers/vector-records.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })
const lists = skip ? [] : await fillLists()

/** Every list of the document with at least three entries: without this a new list would go untested. */
async function fillLists(): Promise<readonly string[]> {
  const version = await aReadyVersion(api, api.projectId)
  const model = await aReadyModel(api.stores, api.projectId)
  for (let i = 0; i < 2; i++) {
    await aReadyModel(api.stores, api.projectId)
    await aReadyVersion(api, api.projectId, 3)
    await api.issueKey({})
  }
  const body = { dataset: version.datasetId, method: 'dino-vmf', preset: 'demo' }
  const runs = await Promise.all(
    [0, 1, 2].map(async () => (await api.call('POST', '/v1/runs', { body })).json.id as string)
  )
  const [run = ''] = runs
  for (let i = 0; i < 3; i++) await api.stores.checkpoints.insert(aCheckpoint(run, api.projectId))
  const ofSeeds = { run: { dataset: version.datasetId, preset: 'demo' }, grid: { seed: [0, 1] } }
  for (let i = 0; i < 3; i++) await api.call('POST', '/v1/sweeps', { body: ofSeeds })
  const measured = { model: model.id, dataset: version.datasetId }
  const evaluations: string[] = []
  for (let i = 0; i < 3; i++) evaluations.push((await api.call('POST', '/v1/evaluations', { body: measured })).json.id)
  const [evaluation = ''] = evaluations
  await seePrototypes(api.stores, { id: evaluation, projectId: api.projectId })
  for (let i = 0; i < 3; i++) await api.call('POST', '/v1/vector-sets', { body: measured })
  const searched = await aVectorSet(api, model, version.datasetId)
  const unlabelled = await aVectorSet(api, model, version.datasetId, {}, anUnlabelledRow)
  for (let i = 0; i < 3; i++) await aRequestFile(api, api.projectId)
  for (let i = 0; i < 3; i++) await aBatch(api.stores, model)
  const hook = { url: 'https://hooks.invalid/', events: ['run.state'] }
  const [webhook] = await Promise.all(
    [0, 1, 2].map(async () => (await api.call('POST', '/v1/webhooks', { body: hook })).json)
  )
  const told = Array.from({ length: 3 }, () => ({ type: 'state', level: 'info', data: {} }) as const)
  await api.stores.events.append(run, told, new Date())
  const source = { type: 's3', prefix: 'shoes/' }
  const dataset = `/v1/datasets/${version.datasetId}`
  for (let i = 0; i < 2; i++) await api.call('POST', `${dataset}/versions`, { body: { source } })
  for (let i = 0; i < 3; i++) {
    await api.call('POST', `${dataset}/uploads`, { body: { filename: 'a.zip', bytes: 3 } })
    await api.call('POST', '/v1/models/uploads', { body: { filename: 'a.safetensors', bytes: 3 } })
  }
  const aliases = `/v1/models/${model.name}/aliases`
  for (const alias of ['a', 'b', 'c']) await api.call('PUT', `${aliases}/${alias}`, { body: { model: model.id } })
  const sorts = ['index', 'kappa', '-kappa', 'usage', '-usage'].map(
    (sort) => `/v1/models/${model.id}/prototypes?sort=${sort}`
  )
  const plain = [
    '/v1/keys',
    '/v1/audit',
    '/v1/projects',
    `/v1/projects/${api.projectId}/keys`,
    '/v1/datasets',
    '/v1/runs',
    '/v1/sweeps',
    '/v1/models',
    '/v1/evaluations',
    '/v1/vector-sets',
    `/v1/vector-sets/${searched.id}/outliers`,
    `/v1/vector-sets/${searched.id}/duplicates?min_similarity=0.5`,
    `/v1/vector-sets/${unlabelled.id}/proposed-labels?from=${searched.id}`,
    '/v1/files',
    '/v1/batches',
    `/v1/evaluations/${evaluation}/prototypes`,
    '/v1/webhooks',
    `/v1/webhooks/${webhook.id}/deliveries`,
    `/v1/runs/${run}/checkpoints`,
    `${dataset}/uploads`,
    '/v1/models/uploads',
    aliases
  ]
  return [...plain, `${dataset}/versions`, `${dataset}/versions/1/images`, `${dataset}/versions/1/rejected`, ...sorts]
}

const withQuery = (list: string, query: string): string => `${list}${list.includes('?') ? '&' : '?'}${query}`
const page = (list: string, query: string, options = {}) => api.call('GET', withQuery(list, query), options)
const cursorOf = async (list: string): Promise<string> => (await page(list, 'limit=1')).json.next_cursor

test('every list of the document is tried', { skip }, () => {
  const { paths } = api.app.openApi as unknown as {
    paths: Record<string, { get?: { parameters: { name: string }[] } }>
  }
  const listed = Object.entries(paths).flatMap(([path, { get }]) =>
    get?.parameters.some(({ name }) => name === 'after') && !path.endsWith('/events') ? [path] : []
  )
  const tried = (path: string) =>
    lists.some((url) => new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(url.split('?')[0] ?? ''))
  assert.deepEqual(
    listed.filter((path) => !tried(path)),
    []
  )
})

test('a list read one by one is the list read at once', { skip }, async () => {
  for (const list of lists) {
    const whole = (await page(list, 'limit=3')).json.data
    const read: unknown[] = []
    let after = ''
    while (read.length < whole.length) {
      const { status, json } = await page(list, `limit=1${after}`)
      assert.equal(status, 200, list)
      read.push(...json.data)
      if (!json.has_more) break
      assert.match(json.next_cursor, /^[A-Za-z0-9_-]+$/)
      after = `&after=${json.next_cursor}`
    }
    assert.deepEqual(read, whole, list)
  }
})

test('a cursor of another list, order or project is refused, and so is one that was changed', { skip }, async () => {
  const cursors = await Promise.all(lists.map(cursorOf))
  const other = await api.issueKey({ project: 'other' })
  for (const [i, list] of lists.entries()) {
    const own = cursors[i] ?? ''
    const changed = [
      own.slice(0, -1),
      `${own}A`,
      own.replace(/^./, (letter) => (letter === 'A' ? 'B' : 'A')),
      own.toLowerCase(),
      own.repeat(2)
    ]
    const foreign = [
      ...cursors.filter((one) => one !== own),
      ...changed.filter((one) => one !== own),
      '0'.repeat(200),
      'x',
      '0.0.5'
    ]
    for (const after of foreign) {
      const refused = await page(list, `after=${after}`)
      assert.equal(refused.status, 400, `${list} ${after}`)
      assert.equal(refused.json.errors[0].parameter, 'after')
    }
    if (!list.includes('_')) assert.equal((await page(list, `after=${own}`, { key: other.key })).status, 400, list)
  }
})

test('a filter may change between pages', { skip }, async () => {
  const cursor = await cursorOf('/v1/runs')
  const queued = (await page('/v1/runs', 'status=queued&limit=100')).json.data.length
  assert.equal((await page('/v1/runs', `status=queued&after=${cursor}&limit=100`)).json.data.length, queued - 1)
})

test('a position that was made up is judged by the list it is sent to', { skip }, async () => {
  const routes = new Map<
    string,
    readonly [url: string, params: object, sort: string | null, positions: readonly string[]]
  >()
  for (const list of lists) {
    const [path = '', sort = null] = list.split('?sort=')
    const [, , , id, noun, version] = path.split('/')
    const numbers = ['x', '-1', '1e9', '2147483648', '99999999999', '1.5', '']
    if (noun === 'versions' && version === undefined)
      routes.set(list, ['/v1/datasets/:id/versions', { id }, null, numbers])
    if (noun === 'versions' && version !== undefined) {
      const url = `/v1/datasets/:id/versions/:version/${path.split('/').at(-1)}`
      const broken = ['x', '0.0.5', '0.0', '1.-1.0', '0.0.1', '0.0.7', '1.0.99']
      routes.set(list, [url, { id, version: 1 }, null, broken])
    }
    if (noun === 'prototypes' && path.startsWith('/v1/evaluations/'))
      routes.set(list, ['/v1/evaluations/:id/prototypes', { id }, null, ['x', '1', '1 2 3', '-1 0', '1.5 2', ' ']])
    if (noun === 'prototypes' && path.startsWith('/v1/models/')) {
      const broken = ['x', '1 2 3', ' ', 'NaN 1', '1e999 1', 'Infinity 0', sort === 'index' ? '1 1' : '1']
      routes.set(list, ['/v1/models/:id/prototypes', { id }, sort, broken])
    }
  }
  assert.equal(routes.size, 9)
  for (const [list, [url, params, sort, positions]] of routes) {
    for (const position of positions) {
      const after = sealCursor(JSON.stringify([url, params, api.projectId, sort]), position)
      const refused = await page(list, `after=${after}`)
      assert.equal(refused.status, 400, `${list} ${position} ${refused.text}`)
      assert.equal(refused.json.errors[0].parameter, 'after')
    }
  }
})

test('events keep their numbers as cursors, and beyond the end is nothing', { skip }, async () => {
  const [run] = (await page('/v1/runs', 'limit=1')).json.data
  const events = `/v1/runs/${run.id}/events`
  const { json } = await page(events, 'after=2147483647')
  assert.deepEqual([json.data, json.has_more, json.next_cursor], [[], false, null])
  assert.equal((await page(events, 'after=2147483648')).json.errors[0].parameter, 'after')
})
