/**
 * Every place of a request where something of a project may be named × something of another project. What is there for others
 * is answered as what is not there at all: the same status, the same words.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { ACCESS, isOperationId } from '../../../src/http/core/access.ts'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { exampleBody, listOperations } from './every-operation.ts'
import { listRequestTexts } from './request-texts.ts'
import { aTenant, BODIES, NUMBERS, OF_PATH, type Tenant } from './tenants.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })

const owner = skip ? (undefined as unknown as Tenant) : await aTenant(api, 'owner')
const stranger = skip ? (undefined as unknown as Tenant) : await aTenant(api, 'stranger')
const nobody = Object.fromEntries(
  Object.entries(owner ?? {}).map(([name, id]) => [
    name,
    id.replace(/_[0-9a-z]{10}/, '_0000000000').replace(/^owner-/, 'nobody-')
  ])
) as unknown as Tenant // the ids of the owner, as nobody has them

type Request = (named: Tenant, own: Tenant) => { readonly body: object } | { readonly query: string }

const ofRun =
  (more: (named: Tenant) => object): Request =>
  (named, { dataset }) => ({
    body: { dataset, method: 'dino-vmf', preset: 'demo', ...more(named) }
  })
const ofEvaluation =
  (more: (named: Tenant) => object): Request =>
  (named, { model, dataset }) => ({
    body: { model, dataset, ...more(named) }
  })
const ofCopies =
  (more: (named: Tenant) => object): Request =>
  (named, own) => {
    const { model, dataset, queries } = own
    return { body: { model, dataset, queries, protocols: ['copy_detection'], ...more(named) } }
  }
const runTexts: Readonly<Record<string, Request>> = {
  '/dataset': ofRun(({ dataset }) => ({ dataset: `${dataset}@1` })),
  '/init/model': ofRun(({ model }) => ({ init: { model } })),
  '/init/checkpoint': ofRun(({ checkpoint }) => ({ init: { checkpoint } })),
  '/evaluation/dataset': ofRun(({ dataset }) => ({ evaluation: { dataset } })),
  '/evaluation/queries': (named, own) =>
    ofRun(() => ({ evaluation: { dataset: own.dataset, queries: named.dataset } }))(named, own)
}

const ofFork =
  (more: (named: Tenant) => object): Request =>
  (named, { checkpoint }) => ({ body: { checkpoint, overrides: { evaluation: more(named) } } })
const forkTexts: Readonly<Record<string, Request>> = {
  '/checkpoint': ({ checkpoint }) => ({ body: { checkpoint } }),
  '/overrides/evaluation/dataset': ofFork(({ dataset }) => ({ dataset })),
  '/overrides/evaluation/queries': (named, own) =>
    ofFork(() => ({ dataset: own.dataset, queries: named.dataset }))(named, own)
}
const sweepTexts = Object.fromEntries(
  Object.entries(runTexts).map(([at, request]): [string, Request] => [
    `/run${at}`,
    (named, own) => {
      const asked = request(named, own)
      return 'body' in asked ? { body: { run: asked.body, grid: { seed: [0] } } } : asked
    }
  ])
)

/** Everything but paths that names something: by operation and place, a request that is right but for this one id. */
const NAMED: Readonly<Record<string, Readonly<Record<string, Request>>>> = {
  createDatasetVersion: {
    '/source/uploads[]': ({ upload }) => ({ body: { source: { type: 'upload', uploads: [upload] } } })
  },
  createRun: runTexts,
  validateRun: runTexts,
  createSweep: sweepTexts,
  validateSweep: sweepTexts,
  forkRun: forkTexts,
  validateFork: forkTexts,
  putModelAlias: { '/model': ({ model }) => ({ body: { model } }) },
  listModels: { 'query:versions_of': ({ name }) => ({ query: `versions_of=${name}` }) },
  createModel: {
    '/checkpoint': ({ checkpoint }) => ({ body: { checkpoint } }),
    '/import/source/uploads[]': ({ weights }) => ({
      body: { import: { source: { type: 'upload', uploads: [weights] } } }
    })
  },
  createEvaluation: {
    '/model': ofEvaluation(({ model }) => ({ model })),
    '/checkpoint': ({ checkpoint }, { dataset }) => ({ body: { checkpoint, dataset } }),
    '/dataset': ofEvaluation(({ dataset }) => ({ dataset })),
    '/queries': ofEvaluation(({ dataset }) => ({ queries: dataset })),
    '/distractors': ofCopies(({ dataset }) => ({ distractors: dataset })),
    '/whitening': ofCopies(({ dataset }) => ({ whitening: dataset })),
    '/against': ofEvaluation(({ model }) => ({ against: model, protocols: ['label_free'] }))
  },
  createVectorSet: {
    '/model': ofEvaluation(({ model }) => ({ model })),
    '/dataset': ofEvaluation(({ dataset }) => ({ dataset }))
  },
  selectImages: {
    '/vector_set': ({ vectorSet }) => ({ body: { strategy: 'hard', vector_set: vectorSet, count: 1 } }),
    '/labels/from': ({ vectorSet }, own) => ({
      body: { strategy: 'all', vector_set: own.vectorSet, labels: { min_confidence: 0.5, from: vectorSet } }
    })
  },
  listProposedLabels: { 'query:from': ({ vectorSet }) => ({ query: `from=${vectorSet}` }) },
  getLabelAccuracy: { 'query:from': ({ vectorSet }) => ({ query: `from=${vectorSet}` }) },
  createBatch: {
    '/input_file_id': ({ file }) => ({
      body: { input_file_id: file, endpoint: '/v1/embeddings', completion_window: '24h' }
    })
  },
  createEmbeddings: { '/model': ({ model }) => ({ body: { model, input: 'iVBORw0KGgo=' } }) },
  listRuns: {
    'query:dataset': ({ dataset }) => ({ query: `dataset=${dataset}` }),
    'query:sweep': ({ sweep }) => ({ query: `sweep=${sweep}` })
  },
  listAudit: {
    'query:actor': ({ keyId }) => ({ query: `actor=${keyId}` }),
    'query:subject': ({ run }) => ({ query: `subject=${run}` })
  },
  listEvaluations: {
    'query:dataset': ({ dataset }) => ({ query: `dataset=${dataset}` }),
    'query:model': ({ model }) => ({ query: `model=${model}` }),
    'query:run': ({ run }) => ({ query: `run=${run}` })
  },
  getMatching: {
    'query:against': ({ model }) => ({ query: `against=${model}` }),
    'query:dataset': ({ dataset }, { model }) => ({ query: `against=${model}&dataset=${dataset}@1` })
  },
  listVectorSets: {
    'query:dataset': ({ dataset }) => ({ query: `dataset=${dataset}` }),
    'query:model': ({ model }) => ({ query: `model=${model}` })
  },
  getEvaluationReport: {
    'query:id': ({ evaluation }) => ({ query: `id=${evaluation}` }),
    'query:id[]': ({ evaluation }, own) => ({ query: `id=${own.evaluation}&id=${evaluation}` })
  }
}
/** Lists are asked with a filter: nothing fits one that names nothing of ours. */
const FILTERED: ReadonlySet<string> = new Set([
  'listRuns',
  'listModels',
  'listEvaluations',
  'listVectorSets',
  'listAudit'
])

/** Texts that name nothing: names for people, contents, cursors (sealed with the project's id), folders of the bucket. */
const NAMELESS: ReadonlySet<string> = new Set([
  '/name',
  '/id',
  '/run/name',
  '/objective/metric',
  '/checkpoint/keep_best/metric',
  '/overrides/checkpoint/keep_best/metric',
  '/run/checkpoint/keep_best/metric',
  '/url',
  '/filename',
  '/parts[]/etag',
  '/source/classes[]',
  '/source/prefix',
  '/import/source/prefix',
  '/ground_truth/imlist[]',
  '/ground_truth/qimlist[]',
  '/input',
  '/input[]',
  '/inputs[]/data[]',
  '/user',
  '/completion_window',
  // Compared with what the address names.
  '/model_name',
  '/filter/labels[]',
  'query:label',
  'query:action',
  'query:after',
  'query:keys',
  'query:metrics',
  'query:name'
])

const operations = skip ? [] : listOperations(api)
const isTenants = (operationId: string): boolean => {
  assert.ok(isOperationId(operationId))
  return ACCESS[operationId] !== 'public' && ACCESS[operationId] !== 'signature'
}

test('every text of every request names something in the matrix, or is known to name nothing', { skip }, () => {
  const undecided = listRequestTexts(api).filter(({ operationId, at }) => {
    if (!isTenants(operationId) || NAMELESS.has(at)) return false
    if (!at.startsWith('path:')) return NAMED[operationId]?.[at] === undefined
    const { template = '' } = operations.find(({ id }) => id === operationId) ?? {}
    return OF_PATH[`${template.split('/')[2]} ${at.slice('path:'.length)}`] === undefined
  })
  assert.deepEqual(undecided, [], 'decide in OF_PATH, NAMED or NAMELESS of this file')
})

const idless = (text: string): string =>
  text
    .replaceAll(/(ds|up|run|ckpt|swp|mdl|eval|vec|file|batch|key|prj|req|wh|msg)_[0-9a-z]{26}/g, '$1')
    .replaceAll(/(owner|nobody)-(shoes|prod)/g, '$2')

/** Asked by the stranger, for what is the owner's and for what nobody has. */
async function assertHidden(
  what: string,
  ask: (named: Tenant) => Promise<{ status: number; text: string }>,
  status = 404
) {
  const [ofOwner, ofNobody] = [await ask(owner), await ask(nobody)]
  assert.equal(ofOwner.status, status, `${what}: ${ofOwner.text}`)
  assert.equal(idless(ofOwner.text), idless(ofNobody.text), what)
}

for (const operation of operations.filter(({ id, template }) => isTenants(id) && template.includes('{'))) {
  const { method, template, id } = operation
  // Of admins of the installation, who may: others do not get as far as the id.
  const status = isOperationId(id) && ACCESS[id] === 'instance:admin' ? 403 : 404
  test(`${method} ${template} answers ${status} for what is another project's`, { skip }, async () => {
    const body = BODIES[operation.id] ?? exampleBody(api, operation, stranger)
    const collection = template.split('/')[2]
    const parameters = [...template.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
    // Whoever makes an alias gives it the name.
    const ids = parameters.filter(
      (name) => NUMBERS[name] === undefined && !(id === 'putModelAlias' && name === 'alias')
    )
    // One after the other, the rest being the stranger's own; and all of them.
    for (const foreign of [...ids.map((one) => [one]), ids]) {
      const ask = (named: Tenant) => {
        const url = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
          const of = OF_PATH[`${collection} ${name}`]
          return NUMBERS[name] ?? of?.(foreign.includes(name) ? named : stranger) ?? assert.fail(`what is ${name}?`)
        })
        return api.call(method, url, { key: stranger.key, ...(body && { body }) })
      }
      await assertHidden(`${method} ${template} with ${foreign}`, ask, status)
    }
  })
}

for (const [operationId, places] of Object.entries(skip ? {} : NAMED)) {
  const { method, template } = operations.find(({ id }) => id === operationId) ?? assert.fail(operationId)
  for (const [at, requestOf] of Object.entries(places)) {
    const answer = FILTERED.has(operationId) ? 'nothing' : '404'
    test(`${method} ${template} answers ${answer} for another project's id at ${at}`, { skip }, async () => {
      const ask = (named: Tenant) => {
        const request = requestOf(named, stranger)
        const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
          const of = OF_PATH[`${template.split('/')[2]} ${name}`]
          return of?.(stranger) ?? assert.fail(`what is ${name}?`)
        })
        return 'query' in request
          ? api.call(method, `${path}?${request.query}`, { key: stranger.key })
          : api.call(method, path, { key: stranger.key, body: request.body })
      }
      if (!FILTERED.has(operationId)) {
        if (operationId === 'getEvaluationReport')
          await api.stores.evaluations.update(stranger.evaluation, { status: 'succeeded' })
        return assertHidden(`${operationId} ${at}`, ask)
      }
      // No run here has asked for an evaluation.
      if (at !== 'query:run') assert.ok((await ask(stranger)).json.data.length > 0, 'the filter finds our own')
      assert.deepEqual((await ask(owner)).json.data, [])
    })
  }
}

test('after all of it nothing of the owner has changed, and no list shows it', { skip }, async () => {
  const get = (url: string, key: string) => api.call('GET', url, { key })
  const { status, name } = (await get(`/v1/runs/${owner.run}`, owner.key)).json
  assert.deepEqual([status, name], ['queued', null])
  assert.equal((await get(`/v1/datasets/${owner.dataset}/versions/1`, owner.key)).json.status, 'ready')
  assert.equal((await get(`/v1/datasets/${owner.dataset}`, owner.key)).json.name, 'shoes')
  assert.equal((await get(`/v1/models/${owner.model}`, owner.key)).json.name, owner.name)
  assert.equal((await get(`/v1/evaluations/${owner.evaluation}`, owner.key)).json.status, 'queued')
  assert.equal((await get('/v1/keys', owner.key)).json.data[0].revoked_at, null)
  const foreign = Object.values(owner).filter((id) => id !== owner.key)
  for (const { method, id, template } of operations) {
    if (method !== 'GET' || !id.startsWith('list') || template.includes('{')) continue
    // Workers are listed whole: there is no limit to be asked for.
    const query = template === '/v1/workers' ? '' : '?limit=100'
    const { status: answered, text } = await get(`${template}${query}`, stranger.key)
    assert.equal(answered, 200, template)
    for (const one of foreign) assert.ok(!text.includes(one), `${template} shows ${one}`)
  }
})
