/** What `/metrics` has of each part of a process. None of it has a label with an id: series are as many as there are parts. */
import { statfs } from 'node:fs/promises'
import { type Clock, systemClock } from '../base/clock.ts'
import { type Sampling, sampled } from '../base/sampled.ts'
import type { MeasuredCache } from '../cache/local-cache.ts'
import type { Figures } from '../domain/figures.ts'
import type { GaugeSource } from '../http/core/gauges.ts'
import { readQueueFigures } from '../queue/queue-figures.ts'
import type { Database } from '../storage/postgres/client.ts'
import { readRunFigures } from '../storage/postgres/run-figures.ts'
import { readWebhookFigures } from '../storage/postgres/webhook-figures.ts'

/** A scrape must not wait for long, and ten that come at once must not cost ten times. */
const SAMPLING = { everyMs: 5_000, withinMs: 2_000 }
/** The sizes of all files are looked up. */
const CACHE_EVERY_MS = 30_000

export const readFigures = async ({ pool }: Pick<Database, 'pool'>): Promise<Figures> => {
  const executeSql = async (text: string, values: readonly unknown[] = []) => pool.query(text, [...values])
  const queues = await readQueueFigures({ executeSql })
  return { ...(await readRunFigures(pool)), queues, deliveries: await readWebhookFigures(pool) }
}

/** The same in every process: of several, look at one, or take the largest. */
export function figureGauges(read: () => Promise<Figures>, clock: Clock = systemClock): readonly GaugeSource[] {
  const figures = sampled(read, { ...SAMPLING, clock })
  const of =
    <T>(some: (figures: Figures) => readonly T[]) =>
    async (): Promise<readonly T[]> => {
      const all = await figures()
      return all === null ? [] : some(all)
    }
  return [
    {
      name: 'kappa_figures_available',
      help: '1 where the gauges that are read from the database are there, 0 where it did not answer in time.',
      read: async () => [{ value: (await figures()) === null ? 0 : 1 }]
    },
    {
      name: 'kappa_queue_jobs',
      help: 'Jobs of the queue: waiting could be taken now, delayed may be taken later, active are worked on.',
      labelNames: ['kind', 'state'],
      read: of(({ queues }) =>
        queues.flatMap(({ kind, ...counts }) =>
          (['waiting', 'delayed', 'active'] as const).map((state) => ({
            labels: { kind, state },
            value: counts[state]
          }))
        )
      )
    },
    {
      name: 'kappa_queue_oldest_seconds',
      help: 'How long the job that has waited longest could have been taken; 0 where none waits.',
      labelNames: ['kind'],
      read: of(({ queues }) => queues.map(({ kind, oldestS }) => ({ labels: { kind }, value: oldestS ?? 0 })))
    },
    {
      name: 'kappa_runs',
      help: 'Runs by state.',
      labelNames: ['status'],
      read: of(({ runs }) => Object.entries(runs).map(([status, value]) => ({ labels: { status }, value })))
    },
    {
      name: 'kappa_runs_oldest_checkpoint_seconds',
      help: 'Of the running run whose newest checkpoint is the oldest: its age. Absent where none is running.',
      read: of(({ oldestCheckpointS: value }) => (value === null ? [] : [{ value }]))
    },
    {
      name: 'kappa_webhook_deliveries_pending',
      help: 'Deliveries of webhooks that have not arrived and are not given up.',
      read: of(({ deliveries: { pending: value } }) => [{ value }])
    },
    {
      name: 'kappa_webhook_oldest_due_seconds',
      help: 'How long the delivery that is longest due could have been sent; 0 where none is due.',
      read: of(({ deliveries: { oldestDueS } }) => [{ value: oldestDueS ?? 0 }])
    },
    {
      name: 'kappa_webhook_oldest_pending_seconds',
      help: 'Age of the oldest delivery that has not arrived, tries included; 0 where there is none.',
      read: of(({ deliveries: { oldestS } }) => [{ value: oldestS ?? 0 }])
    }
  ]
}

/** Of the disks that folders are on. */
export function diskGauge(folders: Readonly<Record<string, string>>, clock: Clock = systemClock): GaugeSource {
  const free = Object.entries(folders).map(([folder, path]) => {
    const read = sampled(() => statfs(path), { ...SAMPLING, clock })
    return { folder, read }
  })
  return {
    name: 'kappa_disk_free_bytes',
    help: 'What may still be written to the disk of a folder; absent where there is no such folder.',
    labelNames: ['folder'],
    read: async () => {
      const found = await Promise.all(free.map(async ({ folder, read }) => ({ folder, disk: await read() })))
      return found.flatMap(({ folder, disk }) =>
        disk === null ? [] : [{ labels: { folder }, value: disk.bavail * disk.bsize }]
      )
    }
  }
}

export function cacheGauge(cache: Pick<MeasuredCache, 'keptBytes'>, clock: Clock = systemClock): GaugeSource {
  const sampling: Sampling = { ...SAMPLING, everyMs: CACHE_EVERY_MS, clock }
  const kept = sampled(() => cache.keptBytes(), sampling)
  return {
    name: 'kappa_cache_bytes',
    help: 'Of files of the object store that are kept on the local disk.',
    read: async () => {
      const value = await kept()
      return value === null ? [] : [{ value }]
    }
  }
}

export interface InferenceLoad {
  readonly images: number
  readonly pixels: number
  readonly processesUp: number
  readonly computesOn: readonly { readonly engine: string; readonly device: string }[]
  readonly fellBack: number
}

export const inferenceGauges = (load: () => InferenceLoad): readonly GaugeSource[] => [
  {
    name: 'kappa_inference_queue_images',
    help: 'Images that were taken and are not yet answered.',
    read: () => [{ value: load().images }]
  },
  {
    name: 'kappa_inference_queue_pixels',
    help: 'Pixels of those whose headers were read.',
    read: () => [{ value: load().pixels }]
  },
  {
    name: 'kappa_inference_processes_up',
    help: 'Inference processes that answer.',
    read: () => [{ value: load().processesUp }]
  },
  {
    name: 'kappa_inference_device_processes',
    help: 'Inference processes that answer, by what computes in them.',
    labelNames: ['engine', 'device'],
    read: () => countedBy(load().computesOn)
  },
  {
    name: 'kappa_inference_fallbacks',
    help: 'Programs that the device of an inference process could not have, and the CPU computed, since this process began.',
    read: () => [{ value: load().fellBack }]
  }
]

function countedBy(all: InferenceLoad['computesOn']) {
  const counts = new Map<string, { readonly labels: Record<'engine' | 'device', string>; value: number }>()
  for (const { engine, device } of all) {
    const key = JSON.stringify([engine, device])
    const counted = counts.get(key) ?? { labels: { engine, device }, value: 0 }
    counted.value++
    counts.set(key, counted)
  }
  return [...counts.values()]
}

export const restGauge = (restsBecause: () => string | null): GaugeSource => ({
  name: 'kappa_worker_resting',
  help: '1 where the worker takes no new work because three pieces in a row failed on it and nowhere else.',
  read: () => [{ value: restsBecause() === null ? 0 : 1 }]
})

export const jobGauge = (inFlight: () => ReadonlyMap<string, number>): GaugeSource => ({
  name: 'kappa_jobs_in_flight',
  help: 'Jobs that this worker works on.',
  labelNames: ['kind'],
  read: () => [...inFlight()].map(([kind, value]) => ({ labels: { kind }, value }))
})
