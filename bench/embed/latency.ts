/** Requests of one image: what HTTP adds to the server's own time, and how long they take beside bulk requests. */
import { startBareHttp } from './bare-http.ts'
import type { ServedPlatform } from './platform.ts'
import { cyclically, embedOverHttp } from './sides.ts'

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN

export interface Latency {
  readonly p50: number
  readonly p99: number
  /** Beside what `Server-Timing` says, at the median. */
  readonly added: number
  /** What a bare server takes for a request and an answer of the same size, asked after each: this much HTTP adds by itself, at the median. */
  readonly bare: number
}

async function measure(platform: ServedPlatform, photos: readonly Buffer[], requests: number): Promise<Latency> {
  const times: number[] = []
  const added: number[] = []
  const bare: number[] = []
  const dimensions = (await embedOverHttp(platform, photos.slice(0, 1))).vectors[0]!.length
  const server = await startBareHttp((4 * 4 * dimensions) / 3)
  for (const photo of cyclically(photos, requests)) {
    const start = performance.now()
    const { timing } = await embedOverHttp(platform, [photo])
    const ms = performance.now() - start
    const own = [...timing.matchAll(/dur=([\d.]+)/g)].reduce((sum, [, dur]) => sum + Number(dur), 0)
    times.push(ms)
    added.push(ms - own)
    const again = performance.now()
    await askBare(server.url, photo)
    bare.push(performance.now() - again)
  }
  server.stop()
  const sort = (numbers: number[]) => numbers.sort((a, b) => a - b)
  return {
    p50: quantile(sort(times), 0.5),
    p99: quantile(times, 0.99),
    added: quantile(sort(added), 0.5),
    bare: quantile(sort(bare), 0.5)
  }
}

async function askBare(url: string, photo: Buffer): Promise<void> {
  const body = JSON.stringify({ input: [photo.toString('base64')] })
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  await response.json()
}

export async function measureLatency(
  platform: ServedPlatform,
  photos: readonly Buffer[],
  { requests, bulkClients, bulkImages }: { requests: number; bulkClients: number; bulkImages: number }
): Promise<{ readonly alone: Latency; readonly besideBulk: Latency }> {
  await measure(platform, photos, 5)
  const alone = await measure(platform, photos, requests)
  let isOver = false
  const bulk = Array.from({ length: bulkClients }, async () => {
    while (!isOver) await embedOverHttp(platform, cyclically(photos, bulkImages))
  })
  await measure(platform, photos, 5)
  const besideBulk = await measure(platform, photos, requests)
  isOver = true
  await Promise.all(bulk)
  return { alone, besideBulk }
}
