/**
 * From the answer to `POST /v1/runs` to the first optimizer step that is reported, on a worker that is idle and has trained on these images
 * before: Fashion-MNIST, preset `mu`, the `onnx` engine. And what lies between.
 *
 *   npm run bench -- start [--runs 8] [--embedded]
 *
 * The whole platform as `npm start` has it, on a PostgreSQL of its own, or on the embedded database.
 */
import { readFile } from 'node:fs/promises'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Platform, startPlatform } from '../test/helpers/platform.ts'
import { startPostgresServer } from '../test/helpers/postgres-server.ts'

const { values } = parseArgs({ options: { runs: { type: 'string', default: '8' }, embedded: { type: 'boolean' } } })
const FILES = ['t10k-images-idx3-ubyte.gz', 't10k-labels-idx1-ubyte.gz']
/** Pollers must not take the processor that is measured. */
const IDLE_MS = 1500
/** The next trainer is read meanwhile: a second of a processor, of which beside other work there is a part. */
const WARM_MS = 5000

interface Event {
  readonly type: string
  readonly created_at: string
  readonly data: { readonly status?: string; readonly step?: number }
}

async function aDataset({ call, waitFor }: Platform): Promise<string> {
  const dataset = (await call('POST', '/v1/datasets', { json: { name: 'clothes' } })).json.id
  const uploads: string[] = []
  for (const filename of FILES) {
    const bytes = await readFile(join(import.meta.dirname, '../examples/fashion-mnist', filename))
    const path = `/v1/datasets/${dataset}/uploads`
    const started = (await call('POST', path, { json: { filename, bytes: bytes.length } })).json
    const put = await fetch(started.parts[0].url, { method: 'PUT', body: bytes })
    const parts = [{ part: 1, etag: put.headers.get('etag')!.replaceAll('"', '') }]
    uploads.push((await call('POST', `${path}/${started.id}:complete`, { json: { parts } })).json.id)
  }
  await call('POST', `/v1/datasets/${dataset}/versions`, { json: { source: { type: 'upload', uploads } } })
  await waitFor(`/v1/datasets/${dataset}/versions/1`, ({ status }) => status === 'ready')
  return `${dataset}@1`
}

/** Milliseconds: until a worker has it, until its trainer is there with images and first weights, until a step is reported. */
async function start({ call, waitFor }: Platform, dataset: string): Promise<readonly number[]> {
  await sleep(WARM_MS)
  const json = { dataset, preset: 'mu', hyperparameters: { epochs: 1 } }
  const { id } = (await call('POST', '/v1/runs', { json })).json
  const answered = Date.now()
  await sleep(IDLE_MS)
  const log = await waitFor(`/v1/runs/${id}/events?limit=100`, ({ data }) =>
    data.some(({ type }: Event) => type === 'progress')
  )
  await call('POST', `/v1/runs/${id}:cancel`)
  await waitFor(`/v1/runs/${id}`, ({ status }) => status === 'cancelled' || status === 'succeeded')
  const events: readonly Event[] = log.data
  const at = (fits: (event: Event) => boolean) => Date.parse(events.find(fits)!.created_at)
  const claimed = at(({ data }) => data.status === 'starting')
  const running = at(({ data }) => data.status === 'running')
  const stepped = at(({ type }) => type === 'progress')
  return [claimed - answered, running - claimed, stepped - running, stepped - answered]
}

const hooks: (() => Promise<void>)[] = []
try {
  const server = values.embedded ? null : await startPostgresServer({ isDurable: true })
  if (server) hooks.push(server.stop)
  const environment = { KAPPA_ENGINE: 'onnx', ...(server && { DATABASE_URL: server.url }) }
  const platform = await startPlatform({ after: (hook) => void hooks.push(hook) }, environment)
  const dataset = await aDataset(platform)
  // Brings the images into the worker's cache, and what else is made once.
  await start(platform, dataset)
  const runs: (readonly number[])[] = []
  for (let i = 0; i < Number(values.runs); i++) runs.push(await start(platform, dataset))
  const database = server ? 'PostgreSQL' : 'the embedded database'
  process.stdout.write(
    `${cpus()[0]?.model}, ${availableParallelism()} cores, load ${loadavg()[0]!.toFixed(1)}; ${database}\n`
  )
  for (const [i, what] of ['claimed', 'trainer ready', 'first step reported', 'all'].entries()) {
    const times = runs.map((run) => run[i]!).sort((a, b) => a - b)
    const [least, middle, most] = [times[0]!, times[times.length >> 1]!, times.at(-1)!]
    process.stdout.write(`${what.padEnd(20)} ${middle} ms (${least} to ${most})\n`)
  }
} finally {
  for (const hook of hooks.reverse()) await hook()
}
