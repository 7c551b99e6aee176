import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { lookAt } from '../../../src/images/look.ts'
import { createReport } from '../../../src/images/report.ts'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyVersion } from '../../helpers/records.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })
const { datasetId, version } = skip ? { datasetId: '', version: 0 } : await aReadyVersion(api, api.projectId)
const dataset = `${datasetId}@${version}`

const validate = async (more: object = {}) => {
  const answer = await api.call('POST', '/v1/runs:validate', { body: { dataset, ...more } })
  assert.equal(answer.status, 200, answer.text)
  return answer.json
}

/** 500 colour images of 40 × 30 px, three of them dark and of 16 bits. */
function colourReport() {
  const report = createReport()
  const data = new Uint8Array(40 * 30 * 3).map((_, i) => (i % 3 === 0 ? 60 : 20))
  const look = lookAt({ data, width: 40, height: 30, channels: 3 })
  for (let i = 0; i < 500; i++) report.add({ width: 40, height: 30, isDeep: i < 3, bits: i < 3 ? 12 : null, look })
  return report.finish()
}

test('of a version from before there were reports, auto takes what is known and says so', { skip }, async () => {
  const { resolved_recipe: recipe, recipe_reasons: reasons, warnings } = await validate()
  assert.deepEqual([recipe.preset, recipe.method, recipe.hyperparameters.channels], ['auto', 'dino-vmf', 3])
  assert.ok(reasons.some((reason: string) => reason.includes('not recorded')))
  assert.deepEqual(warnings, [])
  assert.equal((await api.call('GET', `/v1/datasets/${datasetId}/versions/${version}`)).json.report, null)
})

test('a version shows its report, and auto chooses by it and by the device that is asked for', { skip }, async () => {
  const labels = { labels: 1, unlabelled: 499, mostFrequent: [{ label: 1, images: 1 }] }
  await api.stores.datasets.updateVersion(datasetId, version, { report: { ...colourReport(), labels } })
  const { report } = (await api.call('GET', `/v1/datasets/${datasetId}/versions/${version}`)).json
  assert.deepEqual(
    [report.colour, report.deep, report.bits['12'], report.shorter_side.p50, report.smaller_than['32']],
    [500, 3, 3, 30, 500]
  )
  assert.deepEqual(report.labels, { labels: 1, unlabelled: 499, most_frequent: labels.mostFrequent })
  const any = await validate()
  assert.equal(any.resolved_recipe.patch_size, 7)
  assert.match(any.recipe_reasons[0], /any worker may take the run/)
  const gpu = await validate({ compute: { device: 'gpu' }, hyperparameters: { epochs: 12 } })
  assert.equal(gpu.resolved_recipe.hyperparameters.epochs, 12)
  assert.doesNotMatch(gpu.recipe_reasons.join(' '), /any worker|half an hour/)
})

test('a run keeps the recipe that auto chose, and its reasons', { skip }, async () => {
  const created = await api.call('POST', '/v1/runs', { body: { dataset, hyperparameters: { prototypes: 96 } } })
  assert.equal(created.status, 202, created.text)
  const run = (await api.call('GET', `/v1/runs/${created.json.id}`)).json
  const { preset, hyperparameters } = run.resolved_recipe
  assert.deepEqual([preset, hyperparameters.prototypes, run.recipe_reasons.length > 5], ['auto', 96, true])
  const { recipe_reasons: none } = await validate({ preset: 'mu' })
  assert.deepEqual(none, [])
})

test('what a recipe throws away or makes up is said when a run is planned and when it is made', { skip }, async () => {
  const body = {
    dataset,
    preset: 'small-images',
    hyperparameters: { channels: 1, normalization: { mean: [0.5], std: [0.2] } }
  }
  const created = await api.call('POST', '/v1/runs', { body })
  assert.equal(created.status, 202, created.text)
  const planned = await validate(body)
  assert.deepEqual(created.json.warnings, planned.warnings)
  const whats = planned.warnings.map(({ what, images }: { what: string; images: number }) => [what, images])
  assert.deepEqual(whats, [
    ['colour', 500],
    ['bits', 3],
    ['upscaled', 500]
  ])
})

test('a wrong value is refused by its name, also of auto', { skip }, async () => {
  for (const [more, pointer] of [
    [{ preset: 'huge' }, '/preset'],
    [{ hyperparameters: { batch_size: 100_000 } }, '/hyperparameters/batch_size'],
    [{ hyperparameters: { batch_size: 5000 } }, '/hyperparameters/batch_size'],
    [{ method: 'dino', hyperparameters: { ibot: { masks: { ratio: 0.1 } } } }, '/hyperparameters/ibot']
  ] as const) {
    const { status, text } = await api.call('POST', '/v1/runs:validate', { body: { dataset, ...more } })
    assert.ok(status >= 400 && status < 500 && text.includes(pointer), text)
  }
})

test('a version of bands trains networks of as many and no others, and is no measure of a model of colours', {
  skip
}, async () => {
  const report = createReport()
  const look = lookAt({ data: new Uint8Array(40 * 30 * 5).map((_, i) => i % 251), width: 40, height: 30, channels: 5 })
  for (let i = 0; i < 500; i++) report.add({ width: 40, height: 30, isDeep: true, bits: 12, look })
  const other = await aReadyVersion(api, api.projectId)
  await api.stores.datasets.updateVersion(other.datasetId, other.version, { report: report.finish() })
  const bands = `${other.datasetId}@${other.version}`
  const shown = (await api.call('GET', `/v1/datasets/${other.datasetId}/versions/${other.version}`)).json.report
  assert.deepEqual([shown.bands.mean.length, shown.rgb, shown.bits['12']], [5, undefined, 500])
  const { resolved_recipe: recipe } = await validate({ dataset: bands })
  const { channels, bits, normalization } = recipe.hyperparameters
  assert.deepEqual([channels, bits, normalization.mean.length], [5, 12, 5])
  for (const [body, pointer, why] of [
    [{ dataset: bands, preset: 'small-images' }, '/hyperparameters/channels', /must be 5, got 3/],
    [{ dataset, hyperparameters: { channels: 5 } }, '/hyperparameters/channels', /must be 1 or 3, got 5/],
    [{ dataset, hyperparameters: { channels: 17 } }, '/hyperparameters/channels', /16/],
    [
      { dataset, evaluation: { dataset: bands } },
      '/evaluation/dataset',
      /has images of 5 bands, and the model reads gray/
    ]
  ] as const) {
    const { status, text } = await api.call('POST', '/v1/runs:validate', { body })
    assert.ok(status >= 400 && status < 500 && text.includes(pointer), text)
    assert.match(text, why)
  }
})
