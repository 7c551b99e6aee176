/** What `npm run launch` reads, and what it gives to a worker that it starts. */
import { resolve } from 'node:path'
import type { BatchPlace } from '../launching/aws-batch-launcher.ts'

/** Of config.ts. */
interface Reads {
  readonly problems: string[]
  url(name: string, protocols: readonly string[]): string | null
  text(name: string, fallback: string): string
  optional(name: string): string | null
  integer(name: string, fallback: number, range: readonly [number, number]): number
  oneOf<T extends string>(name: string, values: readonly T[], fallback: T): T
  list(name: string): readonly string[]
}

const LAUNCHERS = ['local', 'kubernetes', 'ray', 'aws-batch'] as const

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

const VARIABLE = /^[A-Z_][A-Z0-9_]{0,100}$/

function readRay(read: Reads, isChosen: boolean) {
  const url = read.url('KAPPA_RAY_URL', ['http:', 'https:'])
  if (isChosen && url === null)
    read.problems.push('KAPPA_LAUNCHER=ray needs KAPPA_RAY_URL, the address of the dashboard (docs/deploy/aws.md)')
  const passed = read.list('KAPPA_RAY_PASS')
  const wrong = passed.find((name) => !VARIABLE.test(name))
  if (wrong !== undefined)
    read.problems.push(`KAPPA_RAY_PASS must be names of variables, with commas, not ${JSON.stringify(wrong)}`)
  return {
    url: url ?? '',
    token: read.optional('KAPPA_RAY_TOKEN'),
    command: read.text('KAPPA_RAY_COMMAND', 'node src/bin/worker.ts'),
    cpus: read.integer('KAPPA_RAY_CPUS', 4, [0, 1024]),
    passed
  }
}

/** A queue and a definition of jobs: `kappa-gpu kappa-worker:3`, by name or by ARN. */
function readBatchPlace(read: Reads, name: 'KAPPA_BATCH_CPU' | 'KAPPA_BATCH_GPU'): BatchPlace | null {
  const text = read.optional(name)
  if (text === null) return null
  const [queue = '', definition = '', ...more] = text.split(/\s+/)
  if (definition === '' || more.length > 0)
    read.problems.push(
      `${name} must be a queue and a job definition with a blank in between, not ${JSON.stringify(text)}`
    )
  return { queue, definition }
}

function readBatch(read: Reads, isChosen: boolean) {
  const [cpu, gpu] = [readBatchPlace(read, 'KAPPA_BATCH_CPU'), readBatchPlace(read, 'KAPPA_BATCH_GPU')]
  if (isChosen && cpu === null && gpu === null)
    read.problems.push('KAPPA_LAUNCHER=aws-batch needs KAPPA_BATCH_CPU, KAPPA_BATCH_GPU or both (docs/deploy/aws.md)')
  return { cpu, gpu, vcpus: read.integer('KAPPA_BATCH_VCPUS', 4, [1, 256]) }
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
    },
    ray: readRay(read, launcher === 'ray'),
    batch: readBatch(read, launcher === 'aws-batch')
  } as const
}
