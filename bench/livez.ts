/**
 * Does the API stay awake while it serves embeddings? Probes /livez every 10 ms from another process's point of view,
 * first on an idle platform, then under embedding load, and prints both distributions and their ratio.
 *
 *   npm run bench -- livez [--seconds 20] [--clients 4] [--images 64]
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createKappaClient, dataOf, type KappaClient } from '../src/client/client.ts'
import { embed, upload, waitFor } from '../src/demo/calls.ts'
import { IMAGES_FILE, LABELS_FILE, loadSplits, readExample } from '../src/demo/fashion-mnist.ts'
import { startPlatformProcess } from '../src/demo/platform.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    clients: { type: 'string', default: '4' },
    images: { type: 'string', default: '64' }
  }
})
const seconds = Number(values.seconds)

const quantile = (sorted: readonly number[], q: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!

async function probe(url: string, until: number): Promise<number[]> {
  const times: number[] = []
  while (performance.now() < until) {
    const start = performance.now()
    const response = await fetch(`${url}/livez`)
    await response.arrayBuffer()
    if (!response.ok) throw new Error(`/livez answered ${response.status}`)
    times.push(performance.now() - start)
    await sleep(10)
  }
  return times.sort((a, b) => a - b)
}

/** The untrained network: how it was trained does not change what serving it costs. */
async function makeModel(client: KappaClient): Promise<string> {
  const { id } = await dataOf(client.POST('/v1/datasets', { body: { name: 'bench' } }))
  const uploads: string[] = []
  for (const filename of [IMAGES_FILE, LABELS_FILE])
    uploads.push(await upload(client, id, { filename, bytes: await readExample(filename) }))
  const body = { source: { type: 'upload', uploads } } as const
  await dataOf(client.POST('/v1/datasets/{id}/versions', { params: { path: { id } }, body }))
  await waitFor(
    () => dataOf(client.GET('/v1/datasets/{id}/versions/{version}', { params: { path: { id, version: 1 } } })),
    ({ status }) => status === 'ready'
  )
  const recipe = { method: 'dino-vmf', preset: 'demo', hyperparameters: { epochs: 0 } } as const
  const run = await dataOf(client.POST('/v1/runs', { body: { dataset: `${id}@1`, ...recipe } }))
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

async function load(
  client: KappaClient,
  model: string,
  work: { images: readonly Uint8Array[]; until: number }
): Promise<number> {
  let embedded = 0
  while (performance.now() < work.until) {
    await embed(client, model, { images: work.images, batch: work.images.length })
    embedded += work.images.length
  }
  return embedded
}

const describe = (name: string, times: readonly number[]) =>
  `${name.padEnd(12)} p50 ${quantile(times, 0.5).toFixed(1)} ms  p99 ${quantile(times, 0.99).toFixed(1)} ms  max ${times.at(-1)!.toFixed(1)} ms  (${times.length} probes)`

const folder = await mkdtemp(join(tmpdir(), 'kappa-bench-'))
const platform = await startPlatformProcess(folder, { KAPPA_RATE_LIMIT_PER_MINUTE: '1000000' })
try {
  const client = createKappaClient({ baseUrl: platform.url, key: platform.adminKey })
  const model = await makeModel(client)
  const images = (await loadSplits()).heldOut.pngs.slice(0, Number(values.images))
  await embed(client, model, { images })
  const idle = await probe(platform.url, performance.now() + seconds * 500)
  const until = performance.now() + seconds * 1000
  const clients = Array.from({ length: Number(values.clients) }, () => load(client, model, { images, until }))
  const busy = await probe(platform.url, until)
  const embedded = (await Promise.all(clients)).reduce((sum, count) => sum + count, 0)
  process.stdout.write(
    `${cpus()[0]?.model}, ${availableParallelism()} cores; ${values.clients} clients × ${values.images} images a request\n`
  )
  process.stdout.write(`${describe('idle', idle)}\n${describe('under load', busy)}\n`)
  process.stdout.write(
    `p99 under load / idle: ${(quantile(busy, 0.99) / quantile(idle, 0.99)).toFixed(1)}; ${(embedded / seconds).toFixed(0)} images/s embedded meanwhile\n`
  )
} finally {
  await platform.stop()
  await rm(folder, { recursive: true, force: true })
}
