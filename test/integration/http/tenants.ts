/** Projects that have one of everything, and what paths name of it. */
import assert from 'node:assert/strict'
import { DRIFT_DEFAULTS, NO_COUNTS } from '../../../src/domain/drift.ts'
import type { TestApp } from '../../helpers/app.ts'
import { aBatch, aRequestFile } from '../../helpers/batch-records.ts'
import { aCheckpoint, aNetworkOf, aReadyModel, aReadyVersion, seePrototypes } from '../../helpers/records.ts'
import { aMappedSet } from '../../helpers/vector-records.ts'
import { requestTo } from './every-operation.ts'

export interface Tenant {
  readonly key: string
  readonly dataset: string
  /** Another one. */
  readonly queries: string
  readonly upload: string
  readonly weights: string
  readonly run: string
  readonly checkpoint: string
  readonly sweep: string
  readonly model: string
  /** Of its model. */
  readonly name: string
  readonly alias: string
  readonly webhook: string
  readonly delivery: string
  readonly evaluation: string
  readonly vectorSet: string
  readonly file: string
  readonly batch: string
  readonly keyId: string
  readonly project: string
}

async function make(
  api: TestApp,
  url: string,
  { key, body }: { readonly key: string; readonly body: object }
): Promise<string> {
  const made = await api.call('POST', url, { key, body })
  assert.ok(made.status < 300, `${url}: ${made.text}`)
  return made.json.id
}

/** A project that has one of everything. */
export async function aTenant(api: TestApp, project: string): Promise<Tenant> {
  const { key, projectId } = await api.issueKey({ project })
  const { datasetId: dataset } = await aReadyVersion(api, projectId)
  const { datasetId: queries } = await aReadyVersion(api, projectId)
  const run = await make(api, '/v1/runs', { key, body: { dataset, method: 'dino-vmf', preset: 'demo' } })
  const checkpoint = aCheckpoint(run, projectId)
  await api.stores.checkpoints.insert(checkpoint)
  const sweep = await make(api, '/v1/sweeps', { key, body: { run: { dataset, preset: 'demo' }, grid: { seed: [0] } } })
  const name = `${project}-shoes`
  const model = await aReadyModel(api.stores, projectId, { name })
  const alias = `${project}-prod`
  await api.call('PUT', `/v1/models/${name}/aliases/${alias}`, { key, body: { model: model.id } })
  const webhook = await make(api, '/v1/webhooks', {
    key,
    body: { url: 'https://hooks.invalid/', events: ['run.state'] }
  })
  await api.stores.events.append(run, [{ type: 'state', level: 'info', data: {} }], new Date())
  const delivery = (await api.call('GET', `/v1/webhooks/${webhook}/deliveries`, { key })).json.data[0].id
  await aNetworkOf(api.objects, model)
  const keyId = (await api.call('GET', '/v1/keys', { key })).json.data[0].id
  const evaluation = await make(api, '/v1/evaluations', { key, body: { model: model.id, dataset } })
  await seePrototypes(api.stores, { id: evaluation, projectId })
  const { id: vectorSet } = await aMappedSet(api, model, dataset)
  const { id: file } = await aRequestFile(api, projectId, requestTo(model.id))
  const { id: batch } = await aBatch(api.stores, model, { inputFileId: file })
  await watchDrift(api, { modelId: model.id, projectId })
  const upload = await make(api, `/v1/datasets/${dataset}/uploads`, { key, body: { filename: 'a.zip', bytes: 3 } })
  const weights = await make(api, '/v1/models/uploads', { key, body: { filename: 'a.safetensors', bytes: 3 } })
  return {
    key,
    dataset,
    queries,
    upload,
    weights,
    run,
    checkpoint: checkpoint.id,
    sweep,
    model: model.id,
    name,
    alias,
    webhook,
    delivery,
    evaluation,
    vectorSet,
    file,
    batch,
    keyId,
    project: projectId
  }
}

async function watchDrift({ stores }: TestApp, of: { readonly modelId: string; readonly projectId: string }) {
  await stores.drift.begin({ ...DRIFT_DEFAULTS, ...of, enabledAt: null, overSince: null })
  await stores.drift.putWindow({ ...NO_COUNTS, ...of, number: 1, startedAt: new Date(), endedAt: null, isOver: null })
}

/** What a path names, by its collection. */
export const OF_PATH: Readonly<Record<string, (tenant: Tenant) => string>> = {
  'datasets id': ({ dataset }) => dataset,
  'datasets upload_id': ({ upload }) => upload,
  'runs id': ({ run }) => run,
  'runs checkpoint_id': ({ checkpoint }) => checkpoint,
  'sweeps id': ({ sweep }) => sweep,
  'models id': ({ model }) => model,
  'models name': ({ name }) => name,
  'models alias': ({ alias }) => alias,
  'webhooks id': ({ webhook }) => webhook,
  'webhooks delivery_id': ({ delivery }) => delivery,
  'models upload_id': ({ weights }) => weights,
  'evaluations id': ({ evaluation }) => evaluation,
  'vector-sets id': ({ vectorSet }) => vectorSet,
  'files id': ({ file }) => file,
  'batches id': ({ batch }) => batch,
  'keys id': ({ keyId }) => keyId,
  'projects id': ({ project }) => project
}
/** Numbers within what the path names before. */
export const NUMBERS: Readonly<Record<string, string>> = { version: '1', index: '0' }

/** Where the document's example is more than the tests' limits allow. */
export const BODIES: Readonly<Record<string, object>> = { createUpload: { filename: 'b.zip', bytes: 3 } }
