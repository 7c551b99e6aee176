/** What requests may name in the tests of their fields: two of each, since another one has to come to something else. */
import assert from 'node:assert/strict'
import { MODEL_FILES } from '../../../src/protocol/model-folder.ts'
import { networkOf } from '../../../src/recipe/network.ts'
import { resolveRecipe } from '../../../src/recipe/presets.ts'
import type { TestApp } from '../../helpers/app.ts'
import { aBatch, aRequestFile } from '../../helpers/batch-records.ts'
import { aCheckpoint, aReadyModel, aReadyVersion } from '../../helpers/records.ts'
import { complete, sendAll, startUpload } from '../../helpers/upload-steps.ts'
import { anUnlabelledRow, aVectorRow, aVectorSet } from '../../helpers/vector-records.ts'
import { requestTo } from './every-operation.ts'
import { fullRecipe, type NamedThings } from './field-recipes.ts'

export interface FieldWorld extends NamedThings {
  /** Datasets on neither side of an evaluation. */
  readonly neither: string
  readonly fourth: string
  readonly otherModel: string
  readonly otherCheckpoint: string
  /** Of another run and another network, as that of `otherModel`. */
  readonly foreignCheckpoint: string
  /** Of a run that a fork can go on from. */
  readonly parent: string
  readonly uploads: readonly string[]
  readonly weights: readonly string[]
  /** That can be searched. */
  readonly vectorSet: string
  /** Of the same model and dataset, with a label for its first eight images alone. */
  readonly halfLabelled: string
  /** Of requests to one model, and to another. */
  readonly file: string
  readonly otherFile: string
  readonly project: string
}

/** A model as its export left it, of a preset's network. */
async function aWholeModel(api: TestApp, preset: 'demo' | 'mu'): Promise<string> {
  const files = [MODEL_FILES.backbone, MODEL_FILES.head].map((name) => ({ name, bytes: 5, sha256: 'b'.repeat(64) }))
  const { id, prefix } = await aReadyModel(api.stores, api.projectId, { files, name: 'whole' })
  const network = networkOf(resolveRecipe({ preset, method: 'dino-vmf' }))
  const { prototypes, imageSize } = network
  const normalization = { mean: [0.25], std: [0.5] }
  const origins = { recipe: null, origin: null }
  const config = {
    format: 'kappa-model/1',
    method: 'dino-vmf',
    network,
    prototypes,
    imageSize,
    normalization,
    ...origins
  }
  await api.objects.put(`${prefix}/${MODEL_FILES.config}`, Buffer.from(JSON.stringify(config)))
  return id
}

async function aSentUpload(api: TestApp, dataset: string | null): Promise<string> {
  const started = await startUpload(api, dataset, { bytes: 10 })
  const { status, text } = await complete(api, started, await sendAll(api, started, Buffer.alloc(10, 7)))
  assert.equal(status, 200, text)
  return started.id
}

export async function aFieldWorld(api: TestApp): Promise<FieldWorld> {
  const { datasetId: dataset } = await aReadyVersion(api, api.projectId)
  const { datasetId: queries } = await aReadyVersion(api, api.projectId, 400)
  const { datasetId: neither } = await aReadyVersion(api, api.projectId, 300)
  const { datasetId: fourth } = await aReadyVersion(api, api.projectId, 200)
  const create = async (body: object) => {
    const { status, json, text } = await api.call('POST', '/v1/runs', { body })
    assert.equal(status, 202, text)
    return json.id as string
  }
  const parent = await create({ dataset, preset: 'demo', ...fullRecipe() })
  const checkpoints = [10, 20].map((step) => ({ ...aCheckpoint(parent, api.projectId), step, prefix: `p/${step}` }))
  for (const one of checkpoints) await api.stores.checkpoints.insert(one)
  const [otherCheckpoint = '', checkpoint = ''] = checkpoints.map(({ id }) => id)
  const foreign = { ...aCheckpoint(await create({ dataset, preset: 'mu' }), api.projectId), prefix: 'f/10' }
  await api.stores.checkpoints.insert(foreign)
  const project = (await api.call('POST', '/v1/projects', { body: { name: 'a team' } })).json.id
  const model = await aWholeModel(api, 'demo')
  const { id: vectorSet } = await aVectorSet(api, { id: model, projectId: api.projectId }, dataset)
  const half = (index: number, dimensions: number) => (index < 8 ? aVectorRow : anUnlabelledRow)(index, dimensions)
  const { id: halfLabelled } = await aVectorSet(api, { id: model, projectId: api.projectId }, dataset, {}, half)
  const otherModel = await aWholeModel(api, 'mu')
  // For the lists of both.
  for (let i = 0; i < 3; i++) await aBatch(api.stores, { id: model, projectId: api.projectId })
  const files: string[] = []
  for (const one of [model, otherModel, model]) files.push((await aRequestFile(api, api.projectId, requestTo(one))).id)
  return {
    vectorSet,
    halfLabelled,
    dataset,
    queries,
    neither,
    fourth,
    model,
    otherModel,
    checkpoint,
    otherCheckpoint,
    foreignCheckpoint: foreign.id,
    parent,
    uploads: [await aSentUpload(api, dataset), await aSentUpload(api, dataset)],
    weights: [await aSentUpload(api, null), await aSentUpload(api, null)],
    project,
    file: files[0] ?? '',
    otherFile: files[1] ?? ''
  }
}
