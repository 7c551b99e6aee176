/** Lists of what people give names to, asked for by a part of the name. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyModel, aReadyVersion } from '../../helpers/records.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })

/** Of each list, what makes one with a name and answers its id. */
async function makersOf(projectId: string, key?: string) {
  const { datasetId: dataset } = await aReadyVersion(api, projectId)
  const { id: model } = await aReadyModel(api.stores, projectId, { name: null })
  const post = async (path: string, body: object): Promise<string> => {
    const made = await api.call('POST', path, { body, ...(key && { key }) })
    assert.ok(made.status < 300, made.text)
    return made.json.id
  }
  const run = { dataset, preset: 'demo' }
  return {
    '/v1/datasets': (name: string) => post('/v1/datasets', { name }),
    '/v1/models': async (name: string) => (await aReadyModel(api.stores, projectId, { name })).id,
    '/v1/runs': (name: string) => post('/v1/runs', { ...run, name }),
    '/v1/sweeps': (name: string) => post('/v1/sweeps', { run, grid: { seed: [0] }, name }),
    '/v1/evaluations': (name: string) => post('/v1/evaluations', { model, dataset, name }),
    '/v1/vector-sets': (name: string) => post('/v1/vector-sets', { model, dataset, name })
  }
}

type Path = keyof Awaited<ReturnType<typeof makersOf>>
const PATHS: readonly Path[] = [
  '/v1/datasets',
  '/v1/models',
  '/v1/runs',
  '/v1/sweeps',
  '/v1/evaluations',
  '/v1/vector-sets'
]

const own = skip ? undefined : await makersOf(api.projectId)
const other = skip ? undefined : await api.issueKey({ project: 'other' })
const theirs = other && (await makersOf(other.projectId, other.key))

const found = async (path: string, query: string, key?: string) => {
  const { status, json, text } = await api.call('GET', `${path}?${query}`, key ? { key } : {})
  assert.equal(status, 200, text)
  return { ids: json.data.map(({ id }: { id: string }) => id) as string[], next: json.next_cursor as string }
}

for (const path of PATHS) {
  test(`${path} lists what has a part in its name, of its project alone`, { skip }, async () => {
    const [first, second, third] = [
      await own![path]('Red clogs 50%'),
      await own![path]('small CLOGS'),
      await own![path]('big_clogs')
    ] as const
    const foreign = await theirs![path]('red clogs')
    assert.deepEqual((await found(path, 'name=clogs')).ids, [third, second, first])
    assert.deepEqual((await found(path, 'name=RED%20CLOGS')).ids, [first], 'in upper or lower case alike')
    assert.deepEqual((await found(path, 'name=50%25')).ids, [first], 'signs of a pattern mean themselves')
    assert.deepEqual((await found(path, 'name=g_c')).ids, [third])
    assert.deepEqual((await found(path, 'name=boots')).ids, [])
    assert.deepEqual((await found(path, 'name=clogs', other!.key)).ids, [foreign])
    const page = await found(path, 'name=clogs&limit=2')
    assert.deepEqual(page.ids, [third, second])
    assert.deepEqual((await found(path, `name=clogs&limit=2&after=${page.next}`)).ids, [first])
    const refused = await api.call('GET', `${path}?name=`)
    assert.equal(refused.status, 400)
    assert.equal(refused.json.errors[0].parameter, 'name')
  })
}

test('versions of a model are those of the whole name, as it is written', { skip }, async () => {
  const [first, second] = [await own!['/v1/models']('sandals'), await own!['/v1/models']('sandals')]
  for (const name of ['sandals-2', 'Sandals']) await own!['/v1/models'](name)
  await theirs!['/v1/models']('sandals')
  assert.deepEqual((await found('/v1/models', 'versions_of=sandals')).ids, [second, first])
  assert.equal((await found('/v1/models', 'name=sandals')).ids.length, 4)
  assert.deepEqual((await found('/v1/models', 'versions_of=sandals&name=clogs')).ids, [])
})
