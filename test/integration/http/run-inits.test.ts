/** `init` of a run: what it may name, what it means for the recipe, and who is told what is wrong. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { newId } from '../../../src/base/ids.ts'
import { MODEL_FILES } from '../../../src/protocol/model-folder.ts'
import { networkOf } from '../../../src/recipe/network.ts'
import { resolveRecipe } from '../../../src/recipe/presets.ts'
import { listSuperseded } from '../../../src/services/runs/retention.ts'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aCheckpoint, aReadyModel, aReadyVersion } from '../../helpers/records.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })
const { datasetId } = skip ? { datasetId: '' } : await aReadyVersion(api, api.projectId)
const SHA = 'b'.repeat(64)

const post = (init: object | null, more: object = {}) =>
  api.call('POST', '/v1/runs', { body: { dataset: datasetId, method: 'dino-vmf', init, ...more } })

/** A model as its export left it, of the demo's network. */
async function aModel(projectId = api.projectId): Promise<string> {
  const { id, prefix } = await aReadyModel(api.stores, projectId, {
    files: [MODEL_FILES.backbone, MODEL_FILES.head].map((name) => ({ name, bytes: 5, sha256: SHA }))
  })
  const network = networkOf(resolveRecipe({ preset: 'demo', method: 'dino-vmf' }))
  const config = {
    format: 'kappa-model/1',
    method: 'dino-vmf',
    network,
    prototypes: network.prototypes,
    imageSize: network.imageSize,
    normalization: { mean: [0.25], std: [0.5] },
    recipe: null,
    origin: null
  }
  await api.objects.put(`${prefix}/${MODEL_FILES.config}`, Buffer.from(JSON.stringify(config)))
  return id
}

test('a run that begins from a model has its network, its pixels and a schedule for going on', { skip }, async () => {
  const model = await aModel()
  const created = await post({ model }, { preset: 'demo' })
  assert.equal(created.status, 202, created.text)
  const { init, resolved_recipe: recipe } = created.json
  assert.deepEqual([init.source, init.id, init.head, init.resampled_from], ['model', model, 'taken', null])
  assert.match(init.sha256, /^[0-9a-f]{64}$/)
  assert.deepEqual([recipe.preset, recipe.arch, recipe.patch_size], ['demo', 'vit_nano', 7])
  assert.deepEqual(recipe.hyperparameters.normalization, { mean: [0.25], std: [0.5] })
  const { hyperparameters } = resolveRecipe({ preset: 'demo', method: 'dino-vmf' })
  assert.ok(recipe.hyperparameters.learning_rate < hyperparameters.learningRate)
  assert.deepEqual((await api.call('GET', `/v1/runs/${created.json.id}`)).json.init, init)
  const chosen = (await post({ model })).json
  assert.deepEqual([chosen.resolved_recipe.preset, chosen.arch, chosen.init.head], ['auto', 'vit_nano', 'taken'])
  assert.ok(chosen.recipe_reasons.length > 0)
})

test('a head can be asked for, and a run can be validated without being queued', { skip }, async () => {
  const model = await aModel()
  const body = { dataset: datasetId, method: 'dino-vmf', init: { model, head: 'seeded' } }
  const { json } = await api.call('POST', '/v1/runs:validate', { body })
  assert.equal(json.init.head, 'seeded')
  const sized = await post({ model, head: 'taken' }, { hyperparameters: { prototypes: 64 } })
  assert.equal(sized.status, 422)
  assert.equal(sized.json.errors[0].pointer, '/init/head')
})

test('a checkpoint is begun from by the recipe of its run, and is kept as long as somebody does', {
  skip
}, async () => {
  const of = (await post(null, { preset: 'mu' })).json
  const checkpoint = aCheckpoint(of.id, api.projectId)
  await api.stores.checkpoints.insert(checkpoint)
  await api.stores.checkpoints.insert({ ...aCheckpoint(of.id, api.projectId), step: 20, prefix: 'later' })
  const superseded = async () =>
    (await listSuperseded(api.stores, { id: of.id, checkpoint: { everyS: 1, keepLast: 1 } })).map(({ id }) => id)
  assert.deepEqual(await superseded(), [checkpoint.id])
  const { json, status } = await post({ checkpoint: checkpoint.id })
  assert.equal(status, 202)
  assert.deepEqual([json.init.source, json.init.sha256, json.arch], ['checkpoint', checkpoint.stateHash, 'vit_mu'])
  assert.deepEqual(await superseded(), [])
  assert.equal((await api.call('POST', `/v1/runs/${json.id}:cancel`)).status, 200)
  assert.deepEqual(await superseded(), [checkpoint.id])
})

test('another network than that of the init is refused with a pointer, before anything is queued', {
  skip
}, async () => {
  const model = await aModel()
  const before = api.jobs.length
  const { status, json } = await post({ model }, { arch: 'vit_small', patch_size: 16 })
  assert.equal(status, 422)
  assert.equal(json.code, 'invalid_recipe')
  assert.deepEqual(
    json.errors.map(({ pointer, detail }: { pointer: string; detail: string }) => `${pointer} ${detail}`),
    ['/arch is vit_small, and the init has vit_nano', '/patch_size is 16, and the init has 7']
  )
  assert.equal(api.jobs.length, before)
})

test('what is not there, not ready or another project’s cannot be begun from', { skip }, async () => {
  const other = await api.stores.keys.ensureProject('other')
  const theirs = await aModel(other.id)
  const missing = await post({ model: theirs })
  assert.deepEqual(
    [missing.status, missing.json.code, missing.json.errors[0].pointer],
    [404, 'model_not_found', '/init/model']
  )
  const { id } = await aReadyModel(api.stores, api.projectId, { status: 'exporting', config: null })
  const early = await post({ model: id })
  assert.deepEqual(
    [early.status, early.json.code, early.json.errors[0].pointer],
    [409, 'model_not_ready', '/init/model']
  )
  const of = (await post(null, { preset: 'mu' })).json
  const foreign = { ...aCheckpoint(of.id, api.projectId), id: newId('checkpoint'), status: 'deleted' as const }
  await api.stores.checkpoints.insert(foreign)
  for (const checkpoint of [foreign.id, 'ckpt_1']) {
    const { status, json } = await post({ checkpoint })
    assert.deepEqual([status, json.code, json.errors[0].pointer], [404, 'checkpoint_not_found', '/init/checkpoint'])
  }
})

test('an init that is none is refused with what it should be', { skip }, async () => {
  const model = await aModel()
  for (const init of [
    {},
    { model, checkpoint: 'ckpt_1' },
    { model, head: 'old' },
    { weights: 'x' },
    'random',
    { model: '' }
  ]) {
    const { status, json } = await post(init as object)
    assert.equal(status, 400, JSON.stringify(init))
    assert.ok(
      json.errors.every(({ pointer }: { pointer: string }) => pointer.startsWith('/init')),
      JSON.stringify(json.errors)
    )
  }
})
