import { type Static, Type } from 'typebox'
import { DEVICE_KINDS } from '../../base/devices.ts'
import type { WorkerRecord } from '../../domain/worker.ts'
import { Nullable, Resource, Timestamp } from './common.ts'

const Offer = Type.Object({
  engine: Type.String(),
  version: Type.String(),
  device: Type.String({ description: 'As the engine calls it.' }),
  device_kind: Type.Enum([...DEVICE_KINDS]),
  devices: Type.Integer({ description: 'The most that one run can have.' }),
  memory_bytes: Nullable(Type.Number({ description: 'Of one device; null where the engine cannot tell.' })),
  precision: Type.String({ description: 'Of matrix products: float32, tf32, bfloat16 or float16.' })
})

const Worker = Resource(
  {
    object: Type.Literal('worker'),
    name: Type.String({ description: 'In leases and events: another one for every process.' }),
    node: Type.String({ description: 'What failures are charged to: the same after a restart.' }),
    state: Type.Enum(['working', 'resting', 'lost'], {
      description:
        '`resting`: it takes no new work for a while, for the reason given. `lost`: it has not been heard of for a minute.'
    }),
    reason: Nullable(Type.String()),
    offers: Type.Array(Offer, {
      description: 'What it trains with; empty where it trains nothing, for the problem given.'
    }),
    problem: Nullable(Type.String({ description: 'Why there is no offer, or a GPU is in none of them.' })),
    started_at: Timestamp,
    seen_at: Timestamp
  },
  'Worker'
)

export const WorkerList = Resource({ object: Type.Literal('list'), data: Type.Array(Worker) }, 'WorkerList')

export const presentWorker = (worker: WorkerRecord & { readonly isLive: boolean }): Static<typeof Worker> => ({
  object: 'worker',
  name: worker.name,
  node: worker.node,
  state: worker.isLive ? worker.state : 'lost',
  reason: worker.reason,
  offers: worker.machine.offers.map(({ kind, memoryBytes, ...offer }) => ({
    ...offer,
    device_kind: kind,
    memory_bytes: memoryBytes
  })),
  problem: worker.machine.problem,
  started_at: worker.startedAt.toISOString(),
  seen_at: worker.seenAt.toISOString()
})
