/** For every operation with parameters in its query: a request, and what each of them may be to come to something else. */
import { newId } from '../../../src/base/ids.ts'
import type { TestApp } from '../../helpers/app.ts'
import type { Refusal } from '../../helpers/field-effects.ts'
import { seePrototypes } from '../../helpers/records.ts'
import { aVectorRow, aVectorSet } from '../../helpers/vector-records.ts'
import type { Fixtures } from './every-operation.ts'
import type { FieldWorld } from './field-world.ts'

export interface QueryForm {
  /** Made anew for each request where one uses it up. */
  readonly path: string | (() => Promise<string>)
  readonly body?: object
  /** Without which there is no request. */
  readonly needs?: string
  readonly values: Readonly<Record<string, string>>
  /** Values that act by being refused. */
  readonly refused?: Readonly<Record<string, Refusal>>
}

/** Two of what lists show, beyond what the world has. */
async function fillLists(
  api: TestApp,
  { dataset, model, otherModel, parent }: FieldWorld,
  { sweep, webhook }: Fixtures
) {
  const told = { type: 'state', level: 'info', data: {} } as const
  await api.stores.events.append(parent, [told, told], new Date())
  const points = Array.from({ length: 12 }, (_, step) =>
    ['loss', 'grad_norm'].map((key) => ({ step, key, value: Math.sin(7 * step) }))
  ).flat()
  await api.stores.metrics.write(parent, points)
  const { data } = (await api.call('GET', `/v1/runs?sweep=${sweep}`)).json
  for (const { id } of data) await api.stores.metrics.write(id, points)
  for (const [alias, id] of Object.entries({ first: model, second: otherModel }))
    await api.call('PUT', `/v1/models/whole/aliases/${alias}`, { body: { model: id } })
  const body = { source: { type: 's3', prefix: 'shoes' } }
  await api.call('POST', `/v1/datasets/${dataset}/versions`, { body })
  await api.call('POST', '/v1/webhooks', { body: { url: 'https://hooks.invalid/', events: ['run.state'] } })
  await api.issueKey({})
  await api.call('POST', '/v1/sweeps', { body: { run: { dataset, preset: 'demo' }, grid: { seed: [0] } } })
  return webhook
}

/** By two models, which differ in one image of thirteen, and the newest sets are of `queries`. */
async function twoAssigned(api: TestApp, { queries, neither, model, otherModel }: FieldWorld): Promise<void> {
  for (const id of [model, otherModel]) await aVectorSet(api, { id, projectId: api.projectId }, neither)
  for (const [prototype, id] of [model, otherModel].entries()) {
    const set = await aVectorSet(api, { id, projectId: api.projectId }, queries)
    const row = { ...aVectorRow(12, set.dimensions), prototype }
    await api.unitOfWork((tx) => tx.vectors.add({ ...set, index: 'scan' }, [row]))
  }
}

async function twoReports(api: TestApp, { dataset, model }: FieldWorld): Promise<readonly string[]> {
  const ids: string[] = []
  for (const queries of [100, 200]) {
    const { json } = await api.call('POST', '/v1/evaluations', { body: { model, dataset } })
    const settings = { k: [10], leaveOneOut: true }
    const metrics = { top1_k10: { value: 0.5, low: 0.4, high: 0.6 } }
    const result = { protocol: 'knn', settings, bank: 500, queries, classes: 2, dimensions: 8, metrics } as const
    await api.stores.evaluations.update(json.id, { status: 'succeeded', results: [result] })
    ids.push(json.id)
  }
  return ids
}

async function threeUploads(api: TestApp, dataset: string | null): Promise<string> {
  const path = dataset === null ? '/v1/models/uploads' : `/v1/datasets/${dataset}/uploads`
  const filename = dataset === null ? 'a.safetensors' : 'a.zip'
  for (let i = 0; i < 3; i++) await api.call('POST', path, { body: { filename, bytes: 3 } })
  return path
}

/** With something in it. */
async function fullProject(api: TestApp): Promise<string> {
  const { key, projectId } = await api.issueKey({ project: newId('project') })
  await api.call('POST', '/v1/datasets', { key, body: { name: 'in it' } })
  return `/v1/projects/${projectId}`
}

/** Neighbours are nearly the same. */
async function aSetOfCopies(api: TestApp, { dataset, model }: FieldWorld): Promise<string> {
  const rowOf = (index: number, dimensions: number) => ({
    ...aVectorRow(index, dimensions),
    vector: aVectorRow(index / 10, dimensions).vector
  })
  return (await aVectorSet(api, { id: model, projectId: api.projectId }, dataset, {}, rowOf)).id
}

/** `limit` and `after` are filled in for all. */
export async function queryForms(
  api: TestApp,
  world: FieldWorld,
  fixtures: Fixtures
): Promise<Readonly<Record<string, QueryForm>>> {
  await fillLists(api, world, fixtures)
  const [report, other] = await twoReports(api, world)
  await seePrototypes(api.stores, { id: other ?? '', projectId: api.projectId })
  await twoAssigned(api, world)
  const { dataset, model, otherModel, parent } = world
  const plain = (path: string, values: QueryForm['values'] = {}): QueryForm => ({ path, values })
  const image = { input: 'iVBORw0KGgoAAAA=' }
  return {
    listKeys: plain('/v1/keys'),
    listAudit: plain('/v1/audit', {
      actor: 'key_none',
      action: 'deleteRun',
      subject: 'none',
      from: '2999-01-01T00:00:00Z',
      until: '2000-01-01T00:00:00Z'
    }),
    listProjects: plain('/v1/projects'),
    deleteProject: {
      path: () => fullProject(api),
      needs: 'contents=delete',
      values: { contents: 'refuse' },
      refused: { contents: { status: 409, names: 'project_not_empty' } }
    },
    listProjectKeys: plain(`/v1/projects/${api.projectId}/keys`),
    listDatasets: plain('/v1/datasets', { name: 'none' }),
    listUploads: plain(await threeUploads(api, dataset)),
    listWeightUploads: plain(await threeUploads(api, null)),
    listDatasetVersions: plain(`/v1/datasets/${dataset}/versions`),
    listDatasetImages: plain(`/v1/datasets/${dataset}/versions/1/images`, { label: '1' }),
    getImageThumbnail: plain(`/v1/datasets/${dataset}/versions/1/images/0/thumbnail`, { size: '20' }),
    listRejectedFiles: plain(`/v1/datasets/${dataset}/versions/1/rejected`),
    listRuns: plain('/v1/runs', {
      status: 'paused',
      dataset: 'ds_none',
      sweep: 'swp_none',
      metadata: 'metadata[team]=none',
      name: 'none',
      order: 'oldest',
      archived: 'true'
    }),
    listRunEvents: plain(`/v1/runs/${parent}/events`, { after: '1' }),
    getRunMetrics: plain(`/v1/runs/${parent}/metrics`, { keys: 'loss', from: '5', to: '5', max_points: '4' }),
    listRunCheckpoints: plain(`/v1/runs/${parent}/checkpoints`),
    listSweeps: plain('/v1/sweeps', { name: 'none' }),
    getSweep: plain(`/v1/sweeps/${fixtures.sweep}`, { metrics: 'grad_norm' }),
    listModels: plain('/v1/models', { name: 'whole', versions_of: 'whole' }),
    listModelAliases: plain('/v1/models/whole/aliases'),
    listPrototypes: plain(`/v1/models/${model}/prototypes`, { sort: '-kappa' }),
    getKappa: plain(`/v1/models/${model}/kappa`, { view: 'fitted', bins: '3' }),
    listEvaluations: plain('/v1/evaluations', {
      name: 'none',
      model: 'mdl_none',
      run: 'run_none',
      dataset: 'ds_none',
      protocol: 'knn',
      status: 'failed'
    }),
    getEvaluationReport: { path: '/v1/evaluations/report', needs: `id=${report}`, values: { id: `${other}` } },
    listPrototypeImages: plain(`/v1/evaluations/${other}/prototypes`),
    listVectorSets: plain('/v1/vector-sets', {
      name: 'none',
      model: 'mdl_none',
      dataset: 'ds_none',
      status: 'failed'
    }),
    getMatching: {
      path: `/v1/models/${model}/matching`,
      needs: `against=${otherModel}`,
      values: { against: model, dataset: `${world.neither}@1`, min_similarity: '0.9' }
    },
    searchVectorSet: {
      path: `/v1/vector-sets/${world.vectorSet}:search`,
      body: { index: 0 },
      values: { top_k: '2', min_similarity: '0.9', label: 'left', in_prototype: '1' }
    },
    listOutliers: plain(`/v1/vector-sets/${world.vectorSet}/outliers`),
    listNearDuplicates: plain(`/v1/vector-sets/${await aSetOfCopies(api, world)}/duplicates`, {
      min_similarity: '0.2'
    }),
    listProposedLabels: plain(`/v1/vector-sets/${world.halfLabelled}/proposed-labels`, {
      from: world.vectorSet,
      neighbors: '3'
    }),
    getLabelAccuracy: plain(`/v1/vector-sets/${world.halfLabelled}/label-accuracy`, {
      from: world.vectorSet,
      neighbors: '1',
      sample: '4'
    }),
    listFiles: plain('/v1/files', { purpose: 'batch_output' }),
    listBatches: plain('/v1/batches'),
    listWebhooks: plain('/v1/webhooks'),
    listWebhookDeliveries: plain(`/v1/webhooks/${fixtures.webhook}/deliveries`, { status: 'succeeded' }),
    createModelEmbeddings: {
      path: `/v1/models/${model}/embeddings`,
      body: image,
      values: {
        encoding_format: 'base64',
        output_dtype: 'int8',
        output: 'bottleneck',
        precision: 'int8',
        image_size: '56',
        dimensions: '4',
        file_format: 'npy'
      },
      refused: { file_format: { status: 400, names: 'is for output patches' } }
    },
    createAssignments: {
      path: `/v1/models/${model}/assignments`,
      body: image,
      needs: 'posterior=model',
      values: { top_k: '2', posterior: 'teacher', temperature: '0.1', image_size: '56' }
    },
    createAttentionMap: {
      path: `/v1/models/${model}/attention-maps`,
      body: image,
      values: { head: '1', image_size: '56', format: 'json', draw: 'map' }
    },
    createHeatMap: {
      path: `/v1/models/${model}/heat-maps`,
      body: image,
      values: { prototype: '1', value: 'posterior', image_size: '56', format: 'json', draw: 'map' }
    }
  }
}
