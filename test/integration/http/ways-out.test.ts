/**
 * What a user can make, that user can find again and remove; and from every state that the document knows there is a way on, or it says
 * who takes it. Both by the document, so that a new thing or state is asked about.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { newId } from '../../../src/base/ids.ts'
import type { BatchStatus } from '../../../src/domain/batch.ts'
import type { DatasetVersionStatus } from '../../../src/domain/dataset.ts'
import type { EvaluationStatus } from '../../../src/domain/evaluation.ts'
import type { ModelStatus } from '../../../src/domain/model.ts'
import type { RunStatus } from '../../../src/domain/run.ts'
import type { VectorSetStatus } from '../../../src/domain/vector-set.ts'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { aBatch } from '../../helpers/batch-records.ts'
import { fakeClock } from '../../helpers/fake-clock.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyModel, aReadyVersion } from '../../helpers/records.ts'
import { aVectorSet } from '../../helpers/vector-records.ts'
import { listOperations } from './every-operation.ts'

const skip = await whyNoPostgres()
const clock = fakeClock()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after }, { clock })
const operations = skip ? [] : listOperations(api)
const has = (method: string, template: string) =>
  operations.some((one) => one.method === method && one.template === template)

/** A POST to the collection makes one of it. How one of it is named below the collection. */
const MADE: Readonly<Record<string, string>> = {
  '/v1/keys': '/{id}',
  '/v1/projects': '/{id}',
  '/v1/projects/{id}/keys': '',
  '/v1/datasets': '/{id}',
  '/v1/datasets/{id}/uploads': '/{upload_id}',
  '/v1/datasets/{id}/versions': '/{version}',
  '/v1/runs': '/{id}',
  '/v1/sweeps': '/{id}',
  '/v1/models': '/{id}',
  '/v1/models/uploads': '/{upload_id}:delete',
  '/v1/evaluations': '/{id}',
  '/v1/vector-sets': '/{id}',
  '/v1/files': '/{id}',
  '/v1/batches': '/{id}',
  '/v1/webhooks': '/{id}'
}
/** Collections where something is computed and nothing is made. */
const COMPUTED: ReadonlySet<string> = new Set([
  '/v1/embeddings',
  '/v1/models/{id}/embeddings',
  '/v1/models/{id}/attention-maps',
  '/v1/models/{id}/heat-maps',
  '/v1/models/{id}/assignments',
  // OpenAI's way to write a verb.
  '/v1/batches/{id}/cancel',
  '/v2/models/{id}/infer',
  '/v2/models/{id}/versions/{version}/infer'
])

test('whatever a POST makes is in a list, and can be removed', { skip }, () => {
  const collections = operations.filter(({ method, template }) => method === 'POST' && !template.includes(':'))
  const made = collections.map(({ template }) => template).filter((template) => !COMPUTED.has(template))
  assert.deepEqual(made.toSorted(), Object.keys(MADE).toSorted())
  for (const [collection, one] of Object.entries(MADE)) {
    assert.ok(has('GET', collection), `${collection} has no list`)
    // Keys of a project are revoked by their own address, by an admin key of it.
    if (one === '') continue
    const method = one.endsWith(':delete') ? 'POST' : 'DELETE'
    assert.ok(has(method, `${collection}${one}`), `${collection} has nothing that removes one`)
  }
})

test('an upload whose id was lost is found again, and says whether it can still be completed', { skip }, async () => {
  const { datasetId } = await aReadyVersion(api, api.projectId)
  for (const [path, filename] of [
    [`/v1/datasets/${datasetId}/uploads`, 'a.zip'],
    ['/v1/models/uploads', 'a.safetensors']
  ] as const) {
    const made = (await api.call('POST', path, { body: { filename, bytes: 3 } })).json
    const { parts: _, ...upload } = made
    const [found] = (await api.call('GET', path)).json.data
    assert.deepEqual(found, upload)
    const remove = path.startsWith('/v1/models') ? (['POST', ':delete'] as const) : (['DELETE', ''] as const)
    const left = (await api.call('POST', path, { body: { filename, bytes: 3 } })).json
    assert.equal((await api.call(remove[0], `${path}/${found.id}${remove[1]}`)).status, 204)
    assert.deepEqual(
      (await api.call('GET', path)).json.data.map(({ id }: { id: string }) => id),
      [left.id]
    )
    await clock.advance(24 * 3600_000)
    assert.equal((await api.call('GET', path)).json.data[0].status, 'expired')
  }
  const stranger = await api.issueKey({ project: newId('project') })
  assert.deepEqual((await api.call('GET', '/v1/models/uploads', { key: stranger.key })).json.data, [])
  assert.equal((await api.call('GET', `/v1/datasets/${datasetId}/uploads`, { key: stranger.key })).status, 404)
})

/** A verb after the address, or `DELETE`. */
type Way = `:${string}` | '/cancel' | 'DELETE'
/** Who takes it on where no request does. */
type Others = { readonly others: string }

const WAYS: Readonly<Record<string, Readonly<Record<string, readonly Way[] | Others>>>> = {
  Run: {
    queued: [':cancel', ':pause'],
    starting: [':cancel', ':pause'],
    running: [':cancel', ':pause'],
    pausing: [':cancel', ':resume'],
    paused: [':resume', ':cancel', 'DELETE'],
    cancelling: { others: 'its worker, or whoever finds its lease run out (services/runs/leg-recovery.ts)' },
    cancelled: [':retry', 'DELETE'],
    succeeded: ['DELETE'],
    failed: [':retry', 'DELETE']
  } satisfies Record<RunStatus, readonly Way[] | Others>,
  DatasetVersion: {
    queued: [':cancel', 'DELETE'],
    ingesting: [':cancel', 'DELETE'],
    ready: ['DELETE'],
    failed: ['DELETE'],
    cancelled: ['DELETE']
  } satisfies Record<DatasetVersionStatus, readonly Way[] | Others>,
  Model: {
    exporting: [':cancel', 'DELETE'],
    ready: ['DELETE'],
    failed: ['DELETE'],
    cancelled: ['DELETE']
  } satisfies Record<ModelStatus, readonly Way[] | Others>,
  Evaluation: {
    queued: [':cancel'],
    running: [':cancel'],
    succeeded: ['DELETE'],
    failed: ['DELETE'],
    cancelled: ['DELETE']
  } satisfies Record<EvaluationStatus, readonly Way[] | Others>,
  VectorSet: {
    queued: [':cancel'],
    running: [':cancel'],
    succeeded: ['DELETE'],
    failed: ['DELETE'],
    cancelled: ['DELETE']
  } satisfies Record<VectorSetStatus, readonly Way[] | Others>,
  Batch: {
    validating: ['/cancel'],
    in_progress: ['/cancel'],
    finalizing: ['/cancel'],
    cancelling: { others: 'its worker, or the next one: what is finished becomes files (tasks/run-batch.ts)' },
    completed: ['DELETE'],
    failed: ['DELETE'],
    expired: ['DELETE'],
    cancelled: ['DELETE']
  } satisfies Record<BatchStatus, readonly Way[] | Others>
}

/** One that is in this state, by its address. */
const MAKE: Readonly<Record<string, (status: never) => Promise<string>>> = {
  async Run(status: RunStatus) {
    const { datasetId } = await aReadyVersion(api, api.projectId)
    const { id } = (await api.call('POST', '/v1/runs', { body: { dataset: datasetId, preset: 'demo' } })).json
    await api.stores.runs.update(id, { status })
    return `/v1/runs/${id}`
  },
  async DatasetVersion(status: DatasetVersionStatus) {
    const { datasetId } = await aReadyVersion(api, api.projectId)
    await api.stores.datasets.updateVersion(datasetId, 1, { status })
    return `/v1/datasets/${datasetId}/versions/1`
  },
  async Model(status: ModelStatus) {
    return `/v1/models/${(await aReadyModel(api.stores, api.projectId, { status })).id}`
  },
  async Evaluation(status: EvaluationStatus) {
    const { datasetId: dataset } = await aReadyVersion(api, api.projectId)
    const { id: model } = await aReadyModel(api.stores, api.projectId)
    const { id } = (await api.call('POST', '/v1/evaluations', { body: { model, dataset } })).json
    await api.stores.evaluations.update(id, { status })
    return `/v1/evaluations/${id}`
  },
  async VectorSet(status: VectorSetStatus) {
    const { datasetId } = await aReadyVersion(api, api.projectId)
    const model = await aReadyModel(api.stores, api.projectId)
    return `/v1/vector-sets/${(await aVectorSet(api, model, datasetId, { status })).id}`
  },
  async Batch(status: BatchStatus) {
    const model = await aReadyModel(api.stores, api.projectId)
    const attempt = status === 'validating' ? 0 : 1
    return `/v1/batches/${(await aBatch(api.stores, model, { status, attempt })).id}`
  }
}

interface Schema {
  readonly properties?: Readonly<Record<string, { readonly enum?: readonly string[] }>>
}

/** What the document calls a state of a thing that has verbs. */
function statesOf(name: string): readonly string[] {
  const { schemas } = api.app.openApi['components'] as { readonly schemas: Readonly<Record<string, Schema>> }
  return schemas[name]?.properties?.['status']?.enum ?? assert.fail(`${name} has no status in the document`)
}

for (const [name, ways] of Object.entries(WAYS)) {
  test(`the states of ${name} are those of the document`, { skip }, () => {
    assert.deepEqual(statesOf(name).toSorted(), Object.keys(ways).toSorted())
  })

  for (const [status, way] of Object.entries(ways)) {
    if ('others' in way) continue
    for (const verb of way) {
      test(`${name} that is ${status}: ${verb} is taken, and it is so no more`, { skip }, async () => {
        const path = await MAKE[name]!(status as never)
        const answer = verb === 'DELETE' ? await api.call('DELETE', path) : await api.call('POST', `${path}${verb}`)
        assert.ok(answer.status < 300, answer.text)
        const then = await api.call('GET', path)
        if (verb === 'DELETE') assert.equal(then.status, 404)
        else assert.notEqual(then.json.status, status)
      })
    }
  }
}
