/** A request that succeeds for every operation of the document, made from its examples and from things that are there. */
import assert from 'node:assert/strict'
import { newId } from '../../../src/base/ids.ts'
import { newSecret } from '../../../src/services/webhooks/signature.ts'
import type { TestApp } from '../../helpers/app.ts'
import { aBatch, aRequestFile } from '../../helpers/batch-records.ts'
import type { RawRequest } from '../../helpers/raw-client.ts'
import { aCheckpoint, aReadyModel, aReadyVersion, seePrototypes } from '../../helpers/records.ts'
import { sendPart, startUpload } from '../../helpers/upload-steps.ts'
import { aMappedSet, aVectorSet } from '../../helpers/vector-records.ts'

interface DocumentedOperation {
  readonly operationId: string
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: { readonly $ref?: string } }>> }
}

export interface Operation {
  readonly id: string
  readonly method: string
  readonly template: string
  readonly body: DocumentedOperation['requestBody']
}

export interface Fixtures {
  readonly dataset: string
  readonly run: string
  readonly model: string
  readonly evaluation: string
  readonly sweep: string
  readonly webhook: string
  readonly vectorSet: string
  /** Of requests to the model. */
  readonly file: string
  readonly batch: string
}

export const PART_BYTES = 5_000_000
const LARGE_OBJECT = 'aborts/large'

export const listOperations = ({ app }: TestApp): Operation[] =>
  Object.entries(app.openApi.paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const { operationId, requestBody } = operation as DocumentedOperation // as the document is built
      return { id: operationId, method: method.toUpperCase(), template, body: requestBody }
    })
  )

export async function makeFixtures(api: TestApp): Promise<Fixtures> {
  const { datasetId } = await aReadyVersion(api, api.projectId)
  const body = { dataset: datasetId, method: 'dino-vmf', preset: 'demo' }
  const run = await api.call('POST', '/v1/runs', { body })
  assert.equal(run.status, 202, run.text)
  await api.objects.put(LARGE_OBJECT, Buffer.alloc(PART_BYTES, 1))
  const served = await aReadyModel(api.stores, api.projectId)
  const { id: model } = served
  const evaluation = await api.call('POST', '/v1/evaluations', { body: { model, dataset: datasetId } })
  const trials = { run: { dataset: datasetId, preset: 'demo' }, grid: { seed: [0, 1] } }
  await seePrototypes(api.stores, { id: evaluation.json.id, projectId: api.projectId })
  const sweep = await api.call('POST', '/v1/sweeps', { body: trials })
  const { id: webhook } = await aWebhook(api)
  const { id: vectorSet } = await aMappedSet(api, served, datasetId)
  const { id: file } = await aRequestFile(api, api.projectId, requestTo(model))
  const { id: batch } = await aBatch(api.stores, served)
  return {
    dataset: datasetId,
    run: run.json.id,
    model,
    evaluation: evaluation.json.id,
    sweep: sweep.json.id,
    webhook,
    vectorSet,
    file,
    batch
  }
}

/** A line of a batch. */
export const requestTo = (model: string): string =>
  JSON.stringify({ custom_id: 'a', method: 'POST', url: '/v1/embeddings', body: { model, input: 'iVBORw0KGgo=' } })

/** However many there are already; of an address that is no one's. */
async function aWebhook({ stores, projectId }: TestApp): Promise<{ readonly id: string }> {
  const id = newId('webhook')
  const disabled = { disabledReason: null, disabledAt: null, failingSince: null }
  const secrets = { secret: newSecret(), previousSecret: null, previousUntil: null }
  const asked = { url: 'https://hooks.invalid/', events: ['run.state'] } as const
  const webhook = { id, projectId, ...asked, ...disabled, ...secrets, createdAt: new Date() }
  assert.ok(await stores.webhooks.insert(webhook, Number.MAX_SAFE_INTEGER))
  return { id }
}

/** The document's example, with ids of what is there. */
export function exampleBody(
  { app }: TestApp,
  { body }: Operation,
  { dataset, model, vectorSet, file }: Pick<Fixtures, 'dataset' | 'model' | 'vectorSet' | 'file'>
): object | null {
  const { $ref } = body?.content['application/json']?.schema ?? {}
  if ($ref === undefined) return null
  const { schemas } = app.openApi['components'] as { schemas: Record<string, { examples?: object[] }> }
  const example = schemas[$ref.split('/').at(-1) ?? '']?.examples?.[0]
  assert.ok(example, `${$ref} has no example`)
  return {
    ...example,
    ...('model' in example && { model }),
    ...('dataset' in example && { dataset }),
    ...('vector_set' in example && { vector_set: vectorSet }),
    ...('input_file_id' in example && { input_file_id: file }),
    ...('run' in example && { run: { ...(example.run as object), dataset } })
  }
}

/** An upload whose one part was sent, to be completed. */
async function sentUpload(api: TestApp, dataset: string | null): Promise<{ path: string; body: object }> {
  const { path, urls } = await startUpload(api, dataset, { bytes: 1000 })
  const { etag } = await sendPart(api, urls[0] ?? '', Buffer.alloc(1000, 7))
  return { path: `${path}:complete`, body: { parts: [{ part: 1, etag }] } }
}

async function checkpointPath(api: TestApp, run: string, step = 10): Promise<string> {
  const checkpoint = { ...aCheckpoint(run, api.projectId), step }
  await api.stores.checkpoints.insert(checkpoint)
  return `/v1/runs/${run}/checkpoints/${checkpoint.id}`
}

type Special = (api: TestApp, fixtures: Fixtures) => Promise<Partial<RawRequest> & { readonly json?: object }>

const download: Special = async (api) => ({ path: await api.objects.downloadUrl(LARGE_OBJECT, 3600, 'large.bin') })

const anAlias: Special = async (api, { model }) => {
  const { name } = (await api.call('GET', `/v1/models/${model}`)).json
  const path = `/v1/models/${name}/aliases/passing`
  await api.call('PUT', path, { body: { model } })
  return { path }
}

/** By the model's name, of which it is the first version. */
const ofVersion =
  (end: string): Special =>
  async (api, { model }) => {
    const { name, version } = (await api.call('GET', `/v1/models/${model}`)).json
    return { path: `/v2/models/${name}/versions/${version}${end}` }
  }
/** Not the one that everything else is in. */
async function projectPath(api: TestApp): Promise<string> {
  const { json } = await api.call('POST', '/v1/projects', { body: { name: newId('project') } })
  return `/v1/projects/${json.id}`
}

const aKey: Special = async (api) => {
  const { json } = await api.call('POST', '/v1/keys', { body: { name: 'passing', scopes: ['runs:read'] } })
  return { path: `/v1/keys/${json.id}` }
}

/** What is used up by being asked for, or is more than a line of JSON. */
const SPECIAL: Readonly<Record<string, Special>> = {
  async completeUpload(api, { dataset }) {
    const { path, body } = await sentUpload(api, dataset)
    return { path, json: body }
  },
  async completeWeightUpload(api) {
    const { path, body } = await sentUpload(api, null)
    return { path, json: body }
  },
  async deleteDataset(api) {
    const { json } = await api.call('POST', '/v1/datasets', { body: { name: 'passing' } })
    return { path: `/v1/datasets/${json.id}` }
  },
  async deleteDatasetVersion(api) {
    const { datasetId, version } = await aReadyVersion(api, api.projectId, 4)
    return { path: `/v1/datasets/${datasetId}/versions/${version}` }
  },
  deleteUpload: async (api, { dataset }) => ({ path: (await startUpload(api, dataset, { bytes: 1000 })).path }),
  deleteWeightUpload: async (api) => ({ path: `${(await startUpload(api, null, { bytes: 1000 })).path}:delete` }),
  async deleteRun(api, { dataset }) {
    const { json } = await api.call('POST', '/v1/runs', { body: { dataset, method: 'dino-vmf', preset: 'demo' } })
    await api.call('POST', `/v1/runs/${json.id}:cancel`)
    return { path: `/v1/runs/${json.id}` }
  },
  getCheckpoint: async (api, { run }) => ({ path: await checkpointPath(api, run) }),
  updateCheckpoint: async (api, { run }) => ({ path: await checkpointPath(api, run) }),
  deleteCheckpoint: async (api, { run }) => {
    const path = await checkpointPath(api, run)
    await checkpointPath(api, run, 20) // the newest one stays
    return { path }
  },
  async cancelModel(api) {
    const exporting = { status: 'exporting', config: null } as const
    return { path: `/v1/models/${(await aReadyModel(api.stores, api.projectId, exporting)).id}:cancel` }
  },
  async deleteModel(api) {
    return { path: `/v1/models/${(await aReadyModel(api.stores, api.projectId)).id}` }
  },
  async deleteEvaluation(api, { model, dataset }) {
    const { json } = await api.call('POST', '/v1/evaluations', { body: { model, dataset } })
    await api.call('POST', `/v1/evaluations/${json.id}:cancel`)
    return { path: `/v1/evaluations/${json.id}` }
  },
  async cancelVectorSet(api, { model, dataset }) {
    const { json } = await api.call('POST', '/v1/vector-sets', { body: { model, dataset } })
    return { path: `/v1/vector-sets/${json.id}:cancel` }
  },
  async deleteVectorSet(api, { model, dataset }) {
    const set = await aVectorSet(api, { id: model, projectId: api.projectId }, dataset)
    return { path: `/v1/vector-sets/${set.id}` }
  },
  async createFile(_, { model }) {
    const part = (name: string, more: string, content: string) =>
      `--xyz\r\ncontent-disposition: form-data; name="${name}"${more}\r\n\r\n${content}\r\n`
    const file = part('file', '; filename="requests.jsonl"', requestTo(model))
    const headers = { 'content-type': 'multipart/form-data; boundary=xyz' }
    return { headers, body: Buffer.from(`${part('purpose', '', 'batch')}${file}--xyz--\r\n`) }
  },
  deleteFile: async (api) => ({ path: `/v1/files/${(await aRequestFile(api, api.projectId)).id}` }),
  async cancelBatch(api, { model }) {
    return { path: `/v1/batches/${(await aBatch(api.stores, { id: model, projectId: api.projectId })).id}/cancel` }
  },
  async deleteBatch(api, { model }) {
    const ended = { status: 'completed', expectedBytes: 0 } as const
    return { path: `/v1/batches/${(await aBatch(api.stores, { id: model, projectId: api.projectId }, ended)).id}` }
  },
  async deleteSweep(api, { dataset }) {
    const body = { run: { dataset, preset: 'demo' }, grid: { seed: [0] } }
    const { json } = await api.call('POST', '/v1/sweeps', { body })
    return { path: `/v1/sweeps/${json.id}` }
  },
  getKey: aKey,
  updateKey: aKey,
  revokeKey: aKey,
  deleteProject: async (api) => ({ path: await projectPath(api) }),
  stopProject: async (api) => ({ path: `${await projectPath(api)}:stop` }),
  // Names of projects are all different.
  createProject: async () => ({ json: { name: newId('project') } }),
  async deleteWebhook(api) {
    const { id } = await aWebhook(api)
    return { path: `/v1/webhooks/${id}` }
  },
  async replayWebhookDelivery(api, { run, webhook }) {
    // In a transaction, as everywhere: a request that nobody waits for any more may remove a webhook meanwhile.
    await api.unitOfWork((tx) => tx.events.append(run, [{ type: 'state', level: 'info', data: {} }], new Date()))
    const { json } = await api.call('GET', `/v1/webhooks/${webhook}/deliveries`)
    return { path: `/v1/webhooks/${webhook}/deliveries/${json.data[0].id}:replay` }
  },
  async putObjectPart(api, { dataset }) {
    const { urls } = await startUpload(api, dataset, { bytes: PART_BYTES })
    return { path: urls[0] ?? '', body: Buffer.alloc(PART_BYTES, 3) }
  },
  getModelAlias: anAlias,
  deleteModelAlias: anAlias,
  putModelAlias: async (api, fixtures) => ({ ...(await anAlias(api, fixtures)), json: { model: fixtures.model } }),
  listModelAliases: async (api, fixtures) => ({ path: (await anAlias(api, fixtures)).path!.replace('/passing', '') }),
  getInferenceModelVersion: ofVersion(''),
  getInferenceModelVersionReadiness: ofVersion('/ready'),
  inferModelVersion: ofVersion('/infer'),
  getObject: download,
  headObject: download,
  async getEvaluationReport(api, { evaluation }) {
    await api.stores.evaluations.update(evaluation, { status: 'succeeded' })
    return { path: `/v1/evaluations/report?id=${evaluation}` }
  },
  // Followed, it goes on until somebody leaves.
  listRunEvents: async () => ({ headers: { accept: 'text/event-stream' } })
}

/** @throws AssertionError for an operation that nothing here can be said about */
export async function requestOf(api: TestApp, operation: Operation, fixtures: Fixtures): Promise<RawRequest> {
  const { method, template } = operation
  const ids: Readonly<Record<string, string>> = {
    datasets: fixtures.dataset,
    runs: fixtures.run,
    models: fixtures.model,
    evaluations: fixtures.evaluation,
    projects: api.projectId,
    sweeps: fixtures.sweep,
    webhooks: fixtures.webhook,
    'vector-sets': fixtures.vectorSet,
    files: fixtures.file,
    batches: fixtures.batch
  }
  const path = template
    .replace('{id}', ids[template.split('/')[2] ?? ''] ?? 'none')
    .replace('{version}', '1')
    .replace('{index}', '0')
  const {
    json = exampleBody(api, operation, fixtures),
    headers,
    body,
    ...special
  } = (await SPECIAL[operation.id]?.(api, fixtures)) ?? {}
  const request: RawRequest = {
    method,
    path,
    ...special,
    headers: {
      authorization: `Bearer ${api.adminKey}`,
      ...(json !== null && { 'content-type': 'application/json' }),
      ...headers
    }
  }
  assert.ok(!request.path.includes('{'), `${operation.id}: what is ${request.path}?`)
  const bytes = body ?? (json === null ? undefined : Buffer.from(JSON.stringify(json)))
  return bytes === undefined ? request : { ...request, body: bytes }
}
