/** What `npm run launch` reads, and what it gives to a worker that it starts. */
import { resolve } from 'node:path'

/** Of config.ts. */
interface Reads {
  readonly problems: string[]
  text(name: string, fallback: string): string
  optional(name: string): string | null
  integer(name: string, fallback: number, range: readonly [number, number]): number
  oneOf<T extends string>(name: string, values: readonly T[], fallback: T): T
  list(name: string): readonly string[]
}

const LAUNCHERS = ['local', 'kubernetes'] as const

export interface OwnLeg {
  readonly runId: string
  /** Null: whichever the run is at. */
  readonly epoch: number | null
}

/** The one leg that a worker is for; null for a worker that takes whatever there is. */
export function readOwnLeg(read: Reads): OwnLeg | null {
  const runId = read.optional('KAPPA_WORKER_RUN')
  const hasEpoch = read.optional('KAPPA_WORKER_EPOCH') !== null
  const epoch = hasEpoch ? read.integer('KAPPA_WORKER_EPOCH', 1, [1, 999_999_999]) : null
  if (runId === null) {
    if (hasEpoch) read.problems.push('KAPPA_WORKER_EPOCH is set but KAPPA_WORKER_RUN is not')
    return null
  }
  if (!/^run_[0-9a-z]{1,40}$/.test(runId))
    read.problems.push(`KAPPA_WORKER_RUN must be the id of a run, run_…, not ${JSON.stringify(runId)}`)
  return { runId, epoch }
}

/** A label of a priority class, and the least priority of a run that has it. */
export interface PriorityClass {
  readonly name: string
  readonly from: number
}

function readPriorities(read: Reads): readonly PriorityClass[] {
  return read.list('KAPPA_KUBERNETES_PRIORITIES').map((item) => {
    const [name = '', from = ''] = item.split('=')
    if (!/^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/.test(name) || !/^-?\d{1,3}$/.test(from))
      read.problems.push(
        `KAPPA_KUBERNETES_PRIORITIES must be pairs such as low=-100,high=50, not ${JSON.stringify(item)}`
      )
    return { name, from: Number(from) }
  })
}

export function readLaunching(read: Reads) {
  const installation = read.text('KAPPA_LAUNCH_NAME', 'kappa')
  if (!/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$/.test(installation))
    read.problems.push('KAPPA_LAUNCH_NAME must be 1 to 10 characters of a-z 0-9 -, a letter first and no hyphen last')
  const template = read.optional('KAPPA_KUBERNETES_TEMPLATE')
  const launcher = read.oneOf('KAPPA_LAUNCHER', LAUNCHERS, 'local')
  if (launcher === 'kubernetes' && template === null)
    read.problems.push(
      'KAPPA_LAUNCHER=kubernetes needs KAPPA_KUBERNETES_TEMPLATE, a file with a Job (docs/launching.md)'
    )
  return {
    launcher,
    installation,
    max: read.integer('KAPPA_LAUNCH_MAX', 1, [1, 10_000]),
    /** What a run has that asks for any device. */
    anyDevice: read.oneOf('KAPPA_LAUNCH_ANY', ['cpu', 'gpu'], 'cpu'),
    /** The most that one host has; a run trains on one. */
    devices: read.integer('KAPPA_LAUNCH_DEVICES', 8, [1, 64]),
    kubernetes: {
      template: template === null ? null : resolve(template),
      gpuResource: read.text('KAPPA_KUBERNETES_GPU', 'nvidia.com/gpu'),
      priorities: readPriorities(read)
    }
  } as const
}
