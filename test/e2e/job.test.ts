/** The first journey: a job, from POST to checkpoint and model, over HTTP alone. */
import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { createExampleDataset, SMALL_RUN, trainToModel } from '../helpers/journeys.ts'
import { type Platform, type Reply, startPlatform } from '../helpers/platform.ts'

/** The first of them is measured on the way. */
const TWO_EPOCHS = { ...SMALL_RUN, hyperparameters: { epochs: 2 } }

describe('a job, from POST to checkpoint', () => {
  let platform: Platform
  let dataset: string
  let version: Reply['json']
  let run: Reply['json']
  let model: Reply['json']
  const hooks: (() => Promise<void>)[] = []

  before(async () => {
    platform = await startPlatform({ after: (hook) => void hooks.push(hook) })
    ;({ id: dataset, version } = await createExampleDataset(platform, 40))
    ;({ run, model } = await trainToModel(platform, {
      ...TWO_EPOCHS,
      name: 'first',
      dataset: `${dataset}@1`,
      evaluation: { dataset: `${dataset}@1`, protocols: ['knn', 'clustering'], settings: { k: [10] }, every_epochs: 1 },
      metadata: { team: 'e2e' }
    }))
  })
  after(async () => {
    for (const hook of hooks) await hook()
  })

  it('packs the upload into an immutable version with labels and a content hash', async () => {
    assert.equal(version.images, 250)
    assert.match(version.content_hash, /^[0-9a-f]{64}$/)
    const images = await platform.call('GET', `/v1/datasets/${dataset}/versions/1/images?limit=3`)
    assert.equal(images.json.data.length, 3)
    assert.ok(images.json.data.every((image: { label: number }) => image.label >= 0 && image.label < 10))
  })

  it('answers 202 with the resolved recipe and an estimate, and once for one Idempotency-Key', async () => {
    const headers = { 'idempotency-key': randomUUID() }
    const json = { ...SMALL_RUN, dataset, hyperparameters: { epochs: 0 } }
    const first = await platform.call('POST', '/v1/runs', { json, headers })
    assert.equal(first.status, 202)
    assert.equal(first.headers.get('location'), `/v1/runs/${first.json.id}`)
    assert.equal(first.json.resolved_recipe.hyperparameters.epochs, 0)
    const second = await platform.call('POST', '/v1/runs', { json, headers })
    assert.equal(second.json.id, first.json.id)
    const other = await platform.call('POST', '/v1/runs', { json: { ...json, seed: 8 }, headers })
    assert.equal(other.status, 422)
    assert.equal(other.json.code, 'idempotency_key_reused')
  })

  it('reports progress, attempts and the model on the run', () => {
    assert.equal(run.progress.step, run.progress.total_steps)
    assert.equal(run.progress.percent, 100)
    assert.equal(run.model, model.id)
    assert.equal(run.attempt, 1)
    assert.deepEqual(run.metadata, { team: 'e2e' })
  })

  it('tells its story as events, and replays them after Last-Event-ID', async () => {
    const headers = { accept: 'text/event-stream' }
    const stream = await platform.call('GET', `/v1/runs/${run.id}/events`, { headers })
    const ids = [...stream.text.matchAll(/^id: ?(\d+)$/gm)].map((match) => Number(match[1]))
    const types = [...stream.text.matchAll(/^event: ?(\w+)$/gm)].map((match) => match[1])
    assert.deepEqual(
      ids,
      ids.map((_, index) => index + 1)
    )
    for (const type of ['state', 'progress', 'checkpoint', 'model'])
      assert.ok(types.includes(type), `${type} in ${types}`)
    const rest = await platform.call('GET', `/v1/runs/${run.id}/events`, {
      headers: { ...headers, 'last-event-id': String(ids.at(-2)) }
    })
    assert.deepEqual(
      [...rest.text.matchAll(/^id: ?(\d+)$/gm)].map((match) => Number(match[1])),
      ids.slice(-1)
    )
  })

  it('keeps a metric of every step', async () => {
    const metrics = await platform.call('GET', `/v1/runs/${run.id}/metrics?keys=loss,teacher_entropy`)
    const loss = metrics.json.series.find((series: { key: string }) => series.key === 'loss')
    assert.equal(loss.steps.length, run.progress.total_steps)
    assert.ok(loss.values.every((value: number) => Number.isFinite(value) && value > 0))
  })

  it('leaves a checkpoint and files whose checksums hold', async () => {
    const checkpoints = await platform.call('GET', `/v1/runs/${run.id}/checkpoints`)
    assert.equal(checkpoints.json.data[0].step, run.progress.total_steps)
    const artifacts = await platform.call('GET', `/v1/models/${model.id}/artifacts`)
    const names = artifacts.json.data.map((artifact: { name: string }) => artifact.name)
    for (const name of ['backbone.safetensors', 'head.safetensors', 'config.json', 'embed.onnx', 'assign.onnx']) {
      assert.ok(names.includes(name), `${name} in ${names}`)
    }
    for (const { url, sha256 } of artifacts.json.data) {
      const bytes = Buffer.from(await (await fetch(url)).arrayBuffer())
      assert.equal(createHash('sha256').update(bytes).digest('hex'), sha256)
    }
    assert.ok(model.verification.min_cosine >= 0.9999)
  })

  it("measures the run's model as it was asked to, and finds the result by dataset and protocol", async () => {
    const { evaluation: asked } = (await platform.call('GET', `/v1/runs/${run.id}`)).json
    const evaluation = await platform.waitFor(
      `/v1/evaluations/${asked.id}`,
      ({ status }) => status !== 'running' && status !== 'queued'
    )
    assert.equal(evaluation.status, 'succeeded', JSON.stringify(evaluation.error))
    assert.deepEqual([evaluation.model, evaluation.dataset], [model.id, `${dataset}@1`])
    const [knn, clustering] = evaluation.results
    assert.deepEqual([knn.protocol, clustering.protocol, evaluation.results.length], ['knn', 'clustering', 2])
    assert.deepEqual([knn.settings.k, knn.settings.leave_one_out, knn.queries, knn.classes], [[10], true, 250, 10])
    const { value, low, high } = knn.metrics.top1_k10
    assert.ok(low <= value && value <= high && value > 0.1, 'better than ten classes by lot')
    const found = await platform.call('GET', `/v1/evaluations?dataset=${dataset}&protocol=knn`)
    assert.equal(found.json.data[0].id, evaluation.id)
  })

  it('measures checkpoints on the way, and keeps all of it as metrics of the run', async () => {
    const asked = await platform.call('GET', `/v1/evaluations?run=${run.id}`)
    for (const { id } of asked.json.data) {
      const ended = await platform.waitFor(`/v1/evaluations/${id}`, ({ finished_at: at }) => at !== null)
      assert.equal(ended.status, 'succeeded', JSON.stringify(ended.error))
    }
    const { json } = await platform.call('GET', `/v1/runs/${run.id}/metrics?keys=eval/*`)
    const knn = json.series.find(({ key }: { key: string }) => key === 'eval/knn_top1_k10')
    const steps = asked.json.data.map(({ step }: { step: number }) => step).reverse()
    assert.deepEqual(knn.steps, steps)
    assert.ok(steps.length > 1 && steps.at(-1) === run.progress.total_steps, `steps ${steps}`)
  })

  it('gives the same weights again for the same seed', async () => {
    const again = await trainToModel(platform, { ...TWO_EPOCHS, dataset: `${dataset}@1` })
    const hashes = await Promise.all(
      [model.id, again.model.id].map(async (id) => {
        const { json } = await platform.call('GET', `/v1/models/${id}/artifacts`)
        return json.data.find((artifact: { name: string }) => artifact.name === 'backbone.safetensors').sha256
      })
    )
    assert.equal(hashes[0], hashes[1])
  })

  it('begins another run from the model of one, which says so', async () => {
    const continued = await trainToModel(platform, { ...SMALL_RUN, dataset, init: { model: run.id } })
    const { source, id, head } = continued.run.init
    assert.deepEqual([source, id, head], ['model', model.id, 'taken'])
    const { json: artifacts } = await platform.call('GET', `/v1/models/${continued.model.id}/artifacts`)
    const config = artifacts.data.find(({ name }: { name: string }) => name === 'config.json')
    const { continuedFrom } = (await (await fetch(config.url)).json()) as Reply['json']
    assert.deepEqual([continuedFrom.from, continuedFrom.sha256], [model.id, continued.run.init.sha256])
  })

  it('cancels a run that is training, and says so', async () => {
    const json = { ...SMALL_RUN, dataset, hyperparameters: { epochs: 2000, warmup_epochs: 1 } }
    const { id } = (await platform.call('POST', '/v1/runs', { json })).json
    await platform.waitFor(`/v1/runs/${id}`, ({ progress }) => progress.step > 0)
    assert.equal((await platform.call('POST', `/v1/runs/${id}:cancel`)).status, 200)
    const cancelled = await platform.waitFor(`/v1/runs/${id}`, ({ status }) => status !== 'cancelling')
    assert.equal(cancelled.status, 'cancelled')
    const again = await platform.call('POST', `/v1/runs/${id}:cancel`)
    assert.deepEqual([again.status, again.json.status], [200, 'cancelled'])
  })
})
