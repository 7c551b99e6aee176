/** Ways from JPEGs to vectors, each of which embeds so many images when it is its turn. */
import { readFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { ServedPrecision } from '../../src/base/precision.ts'
import { openServed } from '../../src/cli/images.ts'
import { createOutput } from '../../src/cli/output.ts'
import { readServingChoice } from '../../src/composition/config.ts'
import { createOnnxThreads } from '../../src/engine/onnx-threads.ts'
import { decodeInspected } from '../../src/images/decode.ts'
import { inspectImage } from '../../src/images/inspect.ts'
import { concatenateImages } from '../../src/model/embedder.ts'
import { preprocessImage } from '../../src/model/preprocess.ts'
import { MODEL_FILES, type ModelFileConfig } from '../../src/protocol/model-folder.ts'
import { embedImages } from '../../src/serving/embed-images.ts'
import { descendantsOf } from '../../test/helpers/process-tree.ts'
import type { ServedPlatform } from './platform.ts'

export interface Turn {
  readonly seconds: number
  /** Of the side's own processes; of whoever asks over HTTP not. */
  readonly cpuSeconds: number
}

export interface Side {
  readonly name: string
  turn(images: number): Promise<Turn>
  close(): Promise<void>
}

export interface Subject {
  readonly photos: readonly Buffer[]
  readonly photosFolder: string
  readonly modelFolder: string
  readonly config: ModelFileConfig
  readonly threads: number
}

const TICKS_PER_SECOND = 100

const ownCpuSeconds = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

async function timed(cpuSeconds: () => number, work: () => Promise<void>): Promise<Turn> {
  const cpu = cpuSeconds()
  const start = performance.now()
  await work()
  return { seconds: (performance.now() - start) / 1000, cpuSeconds: cpuSeconds() - cpu }
}

export const cyclically = <T>(all: readonly T[], count: number): T[] =>
  Array.from({ length: count }, (_, i) => all[i % all.length]!)

export interface SessionOptions {
  /** That compute at the same time, and share the threads. */
  readonly sessions: number
  readonly batch: number
  readonly precision?: ServedPrecision
}

/**
 * Pixels that lie ready, and nothing but sessions: what no server can be faster than.
 */
export async function sessionSide(
  { photos, modelFolder, config, threads }: Subject,
  { sessions, batch, precision = 'float32' }: SessionOptions
): Promise<Side> {
  const pixels: Uint8Array[] = []
  for (const bytes of photos)
    pixels.push(preprocessImage(await decodeInspected(bytes, await inspectImage(bytes)), config))
  const path = `${modelFolder}/${precision === 'int8' ? MODEL_FILES.embedInt8 : MODEL_FILES.embed}`
  const program = await createOnnxThreads({ threads, sessions }).open(path, (await stat(path)).size)
  return {
    name: `bare, ${precision}, sessions of threads: ${sessions} × ${Math.floor(threads / sessions)}, batches of ${batch}`,
    turn: (images) =>
      timed(ownCpuSeconds, async () => {
        const asked = cyclically(pixels, images)
        const run = async () => {
          for (let some = asked.splice(0, batch); some.length > 0; some = asked.splice(0, batch))
            await program.run({ images: concatenateImages(some) })
        }
        await Promise.all(Array.from({ length: sessions }, run))
      }),
    close: () => program.dispose()
  }
}

/** What `kappa embed` does once it has started. */
export async function commandLineSide({ photosFolder, photos, modelFolder, config }: Subject): Promise<Side> {
  const serving = readServingChoice(process.env)
  const model = await openServed(modelFolder, undefined, { serving, output: createOutput({ isJson: false }) })
  const program = await model.open('embed')
  const origin = { kind: 'folder', path: photosFolder, name: 'photos' } as const
  return {
    name: 'command line',
    turn: (images) =>
      timed(ownCpuSeconds, async () => {
        for (let done = 0; done < images; done += photos.length)
          for await (const { unusable } of embedImages({ origin, target: config, program }))
            if (unusable.length > 0) throw new Error(unusable[0]!.message)
      }),
    close: () => model.dispose()
  }
}

export interface HttpOptions {
  /** Requests under way. */
  readonly clients: number
  readonly imagesPerRequest: number
  readonly precision?: ServedPrecision
}

/** As OpenAI's clients ask: base64 both ways. */
export async function embedOverHttp(
  { url, adminKey, model }: Pick<ServedPlatform, 'url' | 'adminKey' | 'model'>,
  photos: readonly Buffer[],
  precision: ServedPrecision = 'float32'
): Promise<{ readonly vectors: readonly Float32Array[]; readonly timing: string }> {
  const input = photos.map((bytes) => bytes.toString('base64'))
  const body = { model, input, encoding_format: 'base64', precision }
  const response = await fetch(`${url}/v1/embeddings`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body)
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${response.status} ${text}`)
  const { data } = JSON.parse(text) as { data: readonly { embedding: string }[] }
  const vectors = data.map(
    ({ embedding }) => new Float32Array(Uint8Array.from(Buffer.from(embedding, 'base64')).buffer)
  )
  return { vectors, timing: response.headers.get('server-timing') ?? '' }
}

export function httpSide(platform: ServedPlatform, { photos }: Subject, options: HttpOptions): Side {
  const { clients, imagesPerRequest, precision = 'float32' } = options
  const cpuSeconds = () =>
    descendantsOf(platform.child.pid).reduce(
      (sum, { pid }) => sum + cpuSecondsOf(pid),
      cpuSecondsOf(platform.child.pid!)
    )
  return {
    name: `HTTP, ${precision}, ${clients} clients × ${imagesPerRequest} images a request`,
    turn: (images) =>
      timed(cpuSeconds, async () => {
        const asked = cyclically(photos, images)
        const client = async () => {
          for (let some = asked.splice(0, imagesPerRequest); some.length > 0; some = asked.splice(0, imagesPerRequest))
            await embedOverHttp(platform, some, precision)
        }
        await Promise.all(Array.from({ length: clients }, client))
      }),
    close: async () => {}
  }
}
