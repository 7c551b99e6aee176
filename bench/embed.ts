/**
 * From JPEGs to vectors, ViT-S/16, by turns: through HTTP, in the command line, in the bare session with pixels that lie ready, and with PIL,
 * torchvision and PyTorch. Then requests of one image, alone and beside bulk requests.
 *
 *   npm run bench -- embed [--images 128] [--rounds 5] [--peers eager,compiled] [--batch 8] [--clients 3] [--request 32]
 *                          [--requests 100] [--photos 64] [--data FOLDER] [--engine onnx|xla] [--precision float32]
 *
 * --data keeps the platform and its model, whose export takes a minute, for the next call; a folder of older code has no program in 8 bits.
 * --engine is what serves and what the command line computes with (KAPPA_INFERENCE_ENGINE), in --precision; bare sessions are ONNX Runtime's always.
 * Needs Linux, and for the peers a Python with torch and torchvision: $KAPPA_PYTHON, or python3. `--peers ''` leaves them out.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { readModelConfig } from '../src/protocol/model-folder.ts'
import { measureLatency } from './embed/latency.ts'
import { writePhotos } from './embed/photos.ts'
import { fetchModel, startServed } from './embed/platform.ts'
import { commandLineSide, embedOverHttp, httpSide, type Side, sessionSide, type Turn } from './embed/sides.ts'
import { PEERS, torchPeer } from './embed/torch-peer.ts'
import { median } from './step/compare.ts'

const text = { type: 'string' } as const
const { values } = parseArgs({
  options: {
    images: { ...text, default: '128' },
    rounds: { ...text, default: '5' },
    peers: { ...text, default: PEERS.join(',') },
    batch: { ...text, default: '8' },
    clients: { ...text, default: '3' },
    request: { ...text, default: '32' },
    requests: { ...text, default: '100' },
    photos: { ...text, default: '64' },
    data: text,
    engine: { ...text, default: 'onnx' },
    precision: { ...text, default: 'float32' }
  }
})
/** Of the platform that is started, and of this process, which is the command line's. */
const engine = { KAPPA_INFERENCE_ENGINE: values.engine, KAPPA_INFERENCE_PRECISION: values.precision }
Object.assign(process.env, engine)
const [images, rounds] = [Number(values.images), Number(values.rounds)]
/** Of PyTorch: its usual one. Ours are smaller, which suits the caches. */
const PEER_BATCH = 32
/** Idle threads of a side spin for a moment. */
const PAUSE_MS = 300

const cosine = (one: ArrayLike<number>, other: ArrayLike<number>): number =>
  Array.from(one).reduce((sum, value, i) => sum + value * other[i]!, 0)

async function compare(sides: readonly Side[]): Promise<void> {
  const turns: Turn[][] = sides.map(() => [])
  for (let round = 0; round <= rounds; round++) {
    for (const [i, side] of sides.entries()) {
      const turn = await side.turn(images)
      // Round 0 warms up.
      if (round > 0) turns[i]!.push(turn)
      await sleep(PAUSE_MS)
    }
    if (round === 0) continue
    console.log(
      `round ${round}, images/s: ${turns.map((own) => (images / own.at(-1)!.seconds).toFixed(1)).join(' / ')}`
    )
  }
  for (const [i, { name }] of sides.entries()) {
    const own = turns[i]!
    const per = (key: keyof Turn) => median(own.map((turn) => (1000 * turn[key]) / images)).toFixed(1)
    const against = sides.flatMap((other, j) => {
      const ratio = (key: keyof Turn) => median(own.map((turn, round) => turns[j]![round]![key] / turn[key])).toFixed(2)
      return i === j ? [] : [`${ratio('seconds')} × (CPU ${ratio('cpuSeconds')} ×) ${other.name}`]
    })
    console.log(`${name}: ${per('seconds')} ms an image, CPU ${per('cpuSeconds')} ms; ${against.join('; ')}`)
  }
}

const folder = await mkdtemp(join(tmpdir(), 'kappa-bench-'))
const photosFolder = join(folder, 'photos')
const photos = await writePhotos(photosFolder, Number(values.photos))
const platform = await startServed(values.data ?? join(folder, 'data'), photos)
const sides: Side[] = []
try {
  const modelFolder = join(folder, 'model')
  await fetchModel(platform, modelFolder)
  const config = await readModelConfig(modelFolder)
  const threads = availableParallelism()
  const subject = { photos, photosFolder, modelFolder, config, threads }
  const load = loadavg()[0]!.toFixed(1)
  const bytes = (photos.reduce((sum, { length }) => sum + length, 0) / photos.length / 1024).toFixed(0)
  console.log(
    `${cpus()[0]?.model}, ${threads} cores, load ${load}; served by ${values.engine} in ${values.precision}; JPEGs of ${bytes} KiB, ${images} images a turn`
  )
  const requests = { clients: Number(values.clients), imagesPerRequest: Number(values.request) }
  sides.push(httpSide(platform, subject, requests))
  sides.push(await commandLineSide(subject), await sessionSide(subject, { sessions: 1, batch: Number(values.batch) }))
  // As the server has them.
  const sessions = Math.min(4, threads)
  sides.push(await sessionSide(subject, { sessions, batch: 2 }))
  sides.push(httpSide(platform, subject, { ...requests, precision: 'int8' }))
  sides.push(await sessionSide(subject, { sessions, batch: 1, precision: 'int8' }))
  const [served] = (await embedOverHttp(platform, photos.slice(0, 1))).vectors
  for (const peer of PEERS.filter((name) => values.peers.split(',').includes(name))) {
    const side = await torchPeer(peer, { photos: photosFolder, modelFolder, config, threads, batch: PEER_BATCH })
    sides.push(side)
    console.log(`cosine of an image's vectors, HTTP and ${side.name}: ${cosine(side.vector, served!).toFixed(6)}`)
  }
  await compare(sides)
  for (const side of sides.splice(0)) await side.close()
  const bulk = { requests: Number(values.requests), bulkClients: 2, bulkImages: Number(values.request) }
  const { alone, besideBulk } = await measureLatency(platform, photos, bulk)
  for (const [name, { p50, p99, added, bare }] of Object.entries({ alone, 'beside bulk': besideBulk }))
    console.log(
      `one image, ${name}: p50 ${p50.toFixed(1)} ms (${added.toFixed(1)} beside Server-Timing, of which bare HTTP takes ${bare.toFixed(1)}), p99 ${p99.toFixed(1)} ms, ${(p99 / p50).toFixed(1)} × p50`
    )
} finally {
  for (const side of sides) await side.close()
  await platform.stop()
  await rm(folder, { recursive: true, force: true })
}
