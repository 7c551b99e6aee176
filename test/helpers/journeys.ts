/** Steps of the two journeys that several tests begin with. Everything goes over HTTP. */
import assert from 'node:assert/strict'
import { dataOf } from '../../src/client/client.ts'
import type { CreateRun, DatasetVersion } from '../../src/client/resources.ts'
import { isFinished } from '../../src/client/run-status.ts'
import { upload } from '../../src/demo/calls.ts'
import { IMAGES_FILE, LABELS_FILE, readExample } from '../../src/demo/fashion-mnist.ts'
import type { Platform, Reply } from './platform.ts'

type Api = Pick<Platform, 'client' | 'waitFor'>

/** A version with one in `every` of the 10,000 example images. */
export async function createExampleDataset(
  { client, waitFor }: Api,
  every: number
): Promise<{ id: string; version: DatasetVersion }> {
  const { id } = await dataOf(client.POST('/v1/datasets', { body: { name: 'fashion-mnist' } }))
  const uploads: string[] = []
  for (const filename of [IMAGES_FILE, LABELS_FILE])
    uploads.push(await upload(client, id, { filename, bytes: await readExample(filename) }))
  const source = { type: 'upload' as const, uploads, select: { every, offset: 0, invert: false } }
  await dataOf(client.POST('/v1/datasets/{id}/versions', { params: { path: { id } }, body: { source } }))
  const version = await waitFor(
    `/v1/datasets/${id}/versions/1`,
    ({ status }) => status === 'ready' || status === 'failed'
  )
  assert.equal(version.status, 'ready', JSON.stringify(version.error))
  return { id, version }
}

/** Small enough for seconds, and through every part of the machine. */
export const SMALL_RUN = { method: 'dino-vmf', preset: 'mu', seed: 7 } as const

export async function trainToModel(
  { client, waitFor }: Api,
  body: CreateRun
): Promise<{ run: Reply['json']; model: Reply['json'] }> {
  const { id } = await dataOf(client.POST('/v1/runs', { body }))
  const run = await waitFor(`/v1/runs/${id}`, isFinished)
  assert.equal(run.status, 'succeeded', JSON.stringify(run.error))
  const model = await waitFor(`/v1/models/${run.model}`, ({ status }) => status !== 'exporting')
  assert.equal(model.status, 'ready', JSON.stringify(model.error))
  return { run, model }
}
