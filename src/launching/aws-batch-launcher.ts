/**
 * One job per leg in a queue of AWS Batch. Batch takes any number of jobs of one name and has no token against it, so the queue is
 * looked through for the name before, and after: of two that were submitted in the same moment the first stays and the later is stopped, by both. What
 * ListJobs does not show yet is found at the next look; until then two workers may be up, of which one claims the leg and the other finds
 * none and ends. Jobs do not live with this process.
 */
import {
  BatchClient,
  type JobSummary,
  ListJobsCommand,
  type ResourceRequirement,
  SubmitJobCommand,
  TerminateJobCommand
} from '@aws-sdk/client-batch'
import {
  type Launched,
  type Launcher,
  LauncherUnavailable,
  LaunchRefused,
  type LegOrder,
  type Seen,
  type Sight
} from './launcher.ts'
import { environmentOf, legName, legOfName } from './leg-name.ts'

/** Where jobs go: a queue, and a definition with image, role, secrets by reference and `stopTimeout`. */
export interface BatchPlace {
  readonly queue: string
  readonly definition: string
}

export interface AwsBatchOptions {
  readonly installation: string
  readonly cpu: BatchPlace | null
  readonly gpu: BatchPlace | null
  readonly vcpus: number
  /** Of tests; without it AWS's own, in the region that AWS's tools would take. */
  readonly client?: BatchClient
}

const MIB = 2 ** 20
/** For image, dataset, checkpoint, and the end. */
const AROUND_LEG_S = 3600
/** A leg ends within KAPPA_LEG_MAX_S, 23 h at most. */
const LONGEST_LEG_S = 23 * 3600
const UNKNOWN: Sight = { state: 'unknown', reason: null }

export function createAwsBatchLauncher(options: AwsBatchOptions): Launcher {
  const { installation, cpu, gpu } = options
  const client = options.client ?? new BatchClient({})
  const queues = [...new Set([cpu, gpu].flatMap((place) => (place === null ? [] : [place.queue])))]

  /** Of this name, or of all of this installation, also what has ended: Batch keeps that for a week. The oldest first. */
  async function find(name: string): Promise<readonly JobSummary[]> {
    const found: JobSummary[] = []
    for (const jobQueue of queues) {
      for (let nextToken: string | undefined; ; ) {
        // With a filter jobs of every state come; without one those that run alone.
        const filters = [{ name: 'JOB_NAME', values: [name] }]
        const page = await answered(() => client.send(new ListJobsCommand({ jobQueue, filters, nextToken })))
        found.push(...(page.jobSummaryList ?? []))
        nextToken = page.nextToken
        if (!nextToken) break
      }
    }
    return found.toSorted((a, b) => (a.createdAt ?? 0) - (b.createdAt ?? 0) || (a.jobId! < b.jobId! ? -1 : 1))
  }

  async function terminate(jobId: string, reason: string): Promise<void> {
    await answered(() => client.send(new TerminateJobCommand({ jobId, reason })))
  }

  /** The first of its name is the place; what two dispatchers started at once is stopped here. */
  async function place(name: string): Promise<JobSummary | null> {
    const [first = null, ...others] = await find(name)
    for (const { jobId, status } of others)
      if (!hasEnded(status)) await terminate(jobId ?? '', `${name} was started twice: ${first?.jobId} came first.`)
    return first
  }

  return {
    name: 'aws-batch',

    async start(order) {
      const name = legName(installation, order)
      const there = await place(name)
      if (there !== null) return launchedAs(there)
      const made = await answered(() => client.send(new SubmitJobCommand(jobOf(order, name, options))))
      // Who submitted in the same moment sees the same two, and takes the same one.
      const first = await place(name)
      return first === null ? { name, id: made.jobId ?? '' } : launchedAs(first)
    },

    async look({ name }) {
      const job = await place(name)
      return job === null ? UNKNOWN : sightOf(job)
    },

    async stop({ name }) {
      for (const { jobId, status } of await find(name))
        if (!hasEnded(status)) await terminate(jobId ?? '', 'The leg is not wanted any more.')
    },

    async list() {
      const jobs = (await find(`${installation}-run-*`)).filter(({ jobName = '' }) => legOfName(installation, jobName))
      const first = new Map(jobs.toReversed().map((job) => [job.jobName, job]))
      return [...first.values()].map((job): Seen => ({ ...launchedAs(job), sight: sightOf(job) }))
    },

    async close() {
      if (options.client === undefined) client.destroy()
    }
  }
}

const hasEnded = (status: string | undefined): boolean => status === 'SUCCEEDED' || status === 'FAILED'
const launchedAs = ({ jobName = '', jobId = '' }: JobSummary): Launched => ({ name: jobName, id: jobId })

function jobOf(order: LegOrder, jobName: string, { cpu, gpu, vcpus }: AwsBatchOptions) {
  const place = order.device === 'gpu' ? gpu : cpu
  if (place === null)
    throw new LaunchRefused(
      `There is no queue for a ${order.device.toUpperCase()} (KAPPA_BATCH_${order.device.toUpperCase()}).`
    )
  const resourceRequirements: ResourceRequirement[] = [
    { type: 'VCPU', value: String(vcpus) },
    { type: 'MEMORY', value: String(Math.ceil(order.memoryBytes / MIB)) }
  ]
  if (order.device === 'gpu') resourceRequirements.push({ type: 'GPU', value: String(order.devices) })
  const environment = Object.entries(environmentOf(order)).map(([name, value]) => ({ name, value }))
  return {
    jobName,
    jobQueue: place.queue,
    jobDefinition: place.definition,
    // Whether a leg goes on is Kappa's to say; but a spot host that is taken away is replaced, as a pod is elsewhere.
    retryStrategy: {
      attempts: 2,
      evaluateOnExit: [
        { onStatusReason: 'Host EC2*', action: 'RETRY' as const },
        { onReason: '*', action: 'EXIT' as const }
      ]
    },
    timeout: { attemptDurationSeconds: Math.min(order.maxRuntimeS, LONGEST_LEG_S) + AROUND_LEG_S },
    containerOverrides: { environment, resourceRequirements },
    tags: { 'kappa:run': order.runId, 'kappa:project': order.projectId },
    propagateTags: true
  }
}

function sightOf({ status, statusReason, container }: JobSummary): Sight {
  const said = statusReason?.trim() || null
  if (status === 'RUNNING') return { state: 'running', reason: null }
  if (status === 'SUCCEEDED') return { state: 'ended', reason: null }
  if (status !== 'FAILED') return { state: 'waiting', reason: said }
  const { exitCode, reason } = container ?? {}
  if (exitCode) return { state: 'ended', reason: `Its container ended with exit code ${exitCode}.` }
  return { state: 'ended', reason: reason?.trim() || said || 'It failed, and Batch does not say why.' }
}

/** @throws LauncherUnavailable, LaunchRefused */
async function answered<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const status = '$metadata' in error ? (error.$metadata as { httpStatusCode?: number }).httpStatusCode : undefined
    const said = `AWS Batch: ${error.message || error.name}`
    const isRefusal = status !== undefined && status >= 400 && status < 500 && error.name !== 'TooManyRequestsException'
    throw isRefusal ? new LaunchRefused(said, { cause: error }) : new LauncherUnavailable(said, { cause: error })
  }
}
