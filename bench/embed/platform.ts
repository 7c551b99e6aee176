/** The platform as `npm start` has it, with an untrained network as its model: how it was trained does not change what it costs. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createKappaClient, dataOf, type KappaClient } from '../../src/client/client.ts'
import { upload, waitFor } from '../../src/demo/calls.ts'
import { type PlatformProcess, startPlatformProcess } from '../../src/demo/platform.ts'
import { tarOf } from '../../test/helpers/archives.ts'

export interface ServedPlatform extends PlatformProcess {
  readonly client: KappaClient
  readonly model: string
}

/** Rates that no measurement reaches. */
const UNLIMITED = { KAPPA_RATE_LIMIT_PER_MINUTE: '1000000' }

async function aVersion(client: KappaClient, photos: readonly Uint8Array[]): Promise<string> {
  const { id } = await dataOf(client.POST('/v1/datasets', { body: { name: 'bench' } }))
  const files = photos.map((bytes, i) => ({ name: `${i}.jpg`, content: bytes }))
  const uploads = [await upload(client, id, { filename: 'photos.tar', bytes: await tarOf(files) })]
  const body = { source: { type: 'upload', uploads } } as const
  await dataOf(client.POST('/v1/datasets/{id}/versions', { params: { path: { id } }, body }))
  await waitFor(
    () => dataOf(client.GET('/v1/datasets/{id}/versions/{version}', { params: { path: { id, version: 1 } } })),
    ({ status }) => status === 'ready' || status === 'failed'
  )
  return `${id}@1`
}

async function aModel(client: KappaClient, dataset: string): Promise<string> {
  const hyperparameters = { epochs: 0, prototypes: 1024, batch_size: 8 }
  const run = await dataOf(client.POST('/v1/runs', { body: { dataset, preset: 'vit-small-16', hyperparameters } }))
  const { model } = await waitFor(
    () => dataOf(client.GET('/v1/runs/{id}', { params: { path: { id: run.id } } })),
    (one) => one.model !== null
  )
  await waitFor(
    () => dataOf(client.GET('/v1/models/{id}', { params: { path: { id: model! } } })),
    ({ status }) => status === 'ready'
  )
  return model!
}

/** A folder that was served before has its model. */
export async function startServed(folder: string, photos: readonly Uint8Array[]): Promise<ServedPlatform> {
  const note = join(folder, 'bench.json')
  const known = await readFile(note, 'utf8').then(JSON.parse, () => null)
  const platform = await startPlatformProcess(folder, {
    ...UNLIMITED,
    ...(known && { KAPPA_ADMIN_KEY: known.adminKey })
  })
  const client = createKappaClient({ baseUrl: platform.url, key: platform.adminKey })
  const model: string = known?.model ?? (await aModel(client, await aVersion(client, photos)))
  await writeFile(note, JSON.stringify({ model, adminKey: platform.adminKey }))
  return { ...platform, client, model }
}

/** The model's folder as the command line reads it. */
export async function fetchModel({ client, model }: ServedPlatform, folder: string): Promise<void> {
  const { data } = await dataOf(client.GET('/v1/models/{id}/artifacts', { params: { path: { id: model } } }))
  for (const { name: path, url } of data) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), Buffer.from(await (await fetch(url)).arrayBuffer()))
  }
}
