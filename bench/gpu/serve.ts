/**
 * How many images a second does an inference process answer, pixels decoded and all, with a device and with ONNX Runtime, and are the vectors
 * the same? Forks it as the API does, and asks over the same pipe.
 *
 *   serve.ts --model FOLDER --json FILE [--images-a-request 1,8,64] [--seconds 2] [--precision float32,bfloat16]
 */
import { fork } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import sharp from 'sharp'
import { prng } from '../../src/math/prng.ts'
import type { InferenceAnswer, InferenceMessage } from '../../src/protocol/inference-messages.ts'
import { median } from '../step/compare.ts'

const text = { type: 'string' } as const
const { values } = parseArgs({
  options: {
    model: text,
    json: text,
    'images-a-request': { ...text, default: '1,8,64' },
    seconds: { ...text, default: '2' },
    precision: { ...text, default: 'float32,bfloat16' }
  }
})
const { model, json } = values as Required<typeof values>
const counts = values['images-a-request'].split(',').map(Number)
const seconds = Number(values.seconds)
const INFERENCE = resolve(import.meta.dirname, '../../src/bin/inference.ts')
/** Requests under way, so that the next images are decoded while some are computed. */
const CLIENTS = 3
/** A first request may wait for compilations of minutes. */
const TIMEOUT_MS = 600_000

/** Noise, as JPEGs of a size that a crop suits: what is in them does not change what they cost a device. */
async function drawn(count: number): Promise<Uint8Array[]> {
  const random = prng(1)
  const side = 256
  const one = () => Uint8Array.from({ length: side * side * 3 }, () => random.integer(256))
  const raw = { width: side, height: side, channels: 3 } as const
  return Promise.all(Array.from({ length: count }, () => sharp(one(), { raw }).jpeg().toBuffer()))
}

interface Served {
  readonly device: string
  embed(images: readonly Uint8Array[]): Promise<Float32Array>
  stop(): void
}

async function serve(environment: NodeJS.ProcessEnv): Promise<Served> {
  const threads = availableParallelism()
  const settings = {
    threads,
    sessions: Math.min(4, threads),
    maxBatch: 64,
    timeoutMs: TIMEOUT_MS,
    maxModelBytes: 4 * 1024 ** 3
  }
  const child = fork(INFERENCE, [JSON.stringify(settings)], {
    serialization: 'advanced',
    env: { ...process.env, ...environment }
  })
  const open = new Map<number, PromiseWithResolvers<InferenceAnswer>>()
  const ready = Promise.withResolvers<string>()
  let lastId = 0
  child.on('message', (message: InferenceMessage) => {
    if ('ready' in message) ready.resolve(`${message.engine}, ${message.device}`)
    else if ('refused' in message) ready.reject(new Error(message.refused))
    else if ('fellBack' in message) console.log('fell back to the CPU:', message.fellBack.reason)
    else if ('ok' in message) open.get(message.id)?.resolve(message)
  })
  child.once('exit', (code) => {
    const ended = new Error(`the inference process ended with ${code}`)
    ready.reject(ended)
    for (const { reject } of open.values()) reject(ended)
  })
  return {
    device: await ready.promise,
    stop: () => void child.kill(),
    async embed(images) {
      const id = ++lastId
      const answer = Promise.withResolvers<InferenceAnswer>()
      open.set(id, answer)
      const asker = { key: 'bench', request: id }
      child.send({
        kind: 'embed',
        id,
        model: { id: 'bench', folder: model },
        images,
        asker,
        isHeld: false,
        options: {}
      })
      const found = await answer.promise
      open.delete(id)
      if (!found.ok) throw new Error(`${found.code}: ${found.message}`)
      if (found.result.kind !== 'embed') throw new Error(`a request for vectors was answered with ${found.result.kind}`)
      return found.result.embeddings
    }
  }
}

interface Rate {
  readonly images: number
  readonly requests: number
  readonly imagesPerSecond: number
  readonly p50Ms: number
}

async function rateOf(served: Served, images: readonly Uint8Array[]): Promise<Rate> {
  const times: number[] = []
  const begin = performance.now()
  const until = begin + seconds * 1000
  const client = async () => {
    while (performance.now() < until) {
      const start = performance.now()
      await served.embed(images)
      times.push(performance.now() - start)
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
  const imagesPerSecond = (1000 * images.length * times.length) / (performance.now() - begin)
  return { images: images.length, requests: times.length, imagesPerSecond, p50Ms: median(times) }
}

function leastCosine(some: Float32Array, others: Float32Array, images: number): number {
  const dim = some.length / images
  const cosines = Array.from({ length: images }, (_, i) =>
    some.subarray(i * dim, (i + 1) * dim).reduce((sum, value, d) => sum + value * others[i * dim + d]!, 0)
  )
  return Math.min(...cosines)
}

const images = await drawn(Math.max(...counts))
const sides: Record<string, unknown>[] = []
let exact: Float32Array | null = null
const environments = [
  { KAPPA_INFERENCE_ENGINE: 'onnx', KAPPA_INFERENCE_PRECISION: 'float32' },
  ...values.precision
    .split(',')
    .map((precision) => ({ KAPPA_INFERENCE_ENGINE: 'xla', KAPPA_INFERENCE_PRECISION: precision }))
]
for (const environment of environments) {
  const served = await serve(environment)
  const begin = performance.now()
  const first = await served.embed(images.slice(0, 1))
  const firstSeconds = (performance.now() - begin) / 1000
  const vectors = await served.embed(images)
  exact ??= vectors
  const rates: Rate[] = []
  for (const count of counts) {
    // Its sizes compile beside these, and are there when it is measured.
    for (let warm = 0; warm < 3; warm++) await rateOf(served, images.slice(0, count))
    rates.push(await rateOf(served, images.slice(0, count)))
  }
  const { device } = served
  const cosine = leastCosine(vectors, exact, images.length)
  sides.push({ ...environment, device, dimensions: first.length, firstSeconds, leastCosine: cosine, rates })
  writeFileSync(json, `${JSON.stringify({ sides }, null, 1)}\n`)
  const speeds = rates.map(
    (rate) => `${rate.images}: ${rate.imagesPerSecond.toFixed(0)}/s, ${rate.p50Ms.toFixed(1)} ms`
  )
  console.log(`${device}: first after ${firstSeconds.toFixed(1)} s, cosine ${cosine.toFixed(6)}; ${speeds.join('; ')}`)
  served.stop()
}
