/**
 * One job per leg, by the REST interface of Ray's Jobs: https://docs.ray.io/en/latest/cluster/running-applications/job-submission/api.html. A
 * job is named by whoever submits it, and Ray takes a name once. Jobs do not live with this process. Ray knows no priorities and no limit of a
 * job's time; a worker has its own.
 */
import * as http from 'node:http'
import * as https from 'node:https'
import {
  type Launched,
  type Launcher,
  LauncherUnavailable,
  LaunchRefused,
  type LegOrder,
  type Seen,
  type Sight,
  STOP_GRACE_S
} from './launcher.ts'
import { environmentOf, legName, legOfName } from './leg-name.ts'

export interface RayOptions {
  readonly installation: string
  /** Of the dashboard, such as http://ray-head:8265. */
  readonly url: string
  /** Where the cluster asks for one. */
  readonly token: string | null
  /** A shell's words, on a node that has Kappa. */
  readonly command: string
  /** Logical ones: what Ray counts, not what it gives. */
  readonly cpus: number
  /** Whoever may ask Ray for its jobs sees it: references, and no secrets. */
  readonly environment: Readonly<Record<string, string>>
}

/** As much of a job as is looked at. */
interface Job {
  readonly submission_id: string | null
  readonly status: string
  readonly message: string | null
  readonly driver_exit_code: number | null
  readonly end_time: number | null
}

const TIMEOUT_MS = 30_000
/** Ray keeps what has ended as long as its head lives; a dispatcher needs it for the pauses between attempts, an hour at the most. */
const REMEMBERED_MS = 24 * 3600_000
const UNKNOWN: Sight = { state: 'unknown', reason: null }

export function createRayLauncher(options: RayOptions): Launcher {
  const { installation, token } = options
  const base = `${options.url.replace(/\/$/, '')}/api/jobs/`

  async function ask(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<Answer> {
    try {
      return await send(new URL(`${base}${path}`), { method, token, text: body && JSON.stringify(body) })
    } catch (error) {
      const said = error instanceof Error ? error.message : error
      throw new LauncherUnavailable(`Ray cannot be reached: ${said}`, { cause: error })
    }
  }

  async function read(name: string): Promise<Job | null> {
    const response = await ask('GET', name)
    if (response.status === 404) return null
    return answerOf(response) as Job // of this route
  }

  return {
    name: 'ray',

    async start(order) {
      const name = legName(installation, order)
      const response = await ask('POST', '', jobOf(order, options))
      // Ray says with a 500 that there is such a job, as it says everything else that goes wrong with it.
      if (response.status !== 200 && (await read(name)) === null) throw failureOf(response)
      return { name, id: name }
    },

    async look({ name }) {
      const job = await read(name)
      return job === null ? UNKNOWN : sightOf(job)
    },

    async stop({ name }) {
      const response = await ask('POST', `${name}/stop`)
      if (response.status !== 404) answerOf(response)
    },

    async list() {
      const jobs = answerOf(await ask('GET', '')) as readonly Job[] // of this route
      const own = jobs.filter((job) => legOfName(installation, job.submission_id ?? '') !== null)
      const isOld = ({ end_time }: Job) => end_time !== null && Date.now() - end_time > REMEMBERED_MS
      for (const { submission_id } of own.filter(isOld)) await ask('DELETE', submission_id ?? '')
      return own.filter((job) => !isOld(job)).map(seen)
    },

    async close() {}
  }
}

const seen = (job: Job): Seen => ({ ...launchedAs(job), sight: sightOf(job) })
const launchedAs = ({ submission_id }: Job): Launched => ({ name: submission_id ?? '', id: submission_id ?? '' })

function jobOf(order: LegOrder, { installation, command, cpus, environment }: RayOptions): object {
  return {
    submission_id: legName(installation, order),
    // The worker in the shell's place, so that it hears of a stop.
    entrypoint: `exec ${command}`,
    entrypoint_num_cpus: cpus,
    entrypoint_num_gpus: order.device === 'gpu' ? order.devices : 0,
    entrypoint_memory: order.memoryBytes,
    runtime_env: {
      // Three seconds otherwise; then Ray kills.
      env_vars: { RAY_JOB_STOP_WAIT_TIME_S: String(STOP_GRACE_S), ...environment, ...environmentOf(order) }
    },
    metadata: { 'kappa/run': order.runId, 'kappa/project': order.projectId, 'kappa/installation': installation }
  }
}

function sightOf({ status, message, driver_exit_code: code }: Job): Sight {
  switch (status) {
    case 'PENDING':
      return { state: 'waiting', reason: sentenceOf(message) }
    case 'RUNNING':
      return { state: 'running', reason: null }
    case 'SUCCEEDED':
      return { state: 'ended', reason: null }
    case 'STOPPED':
      return { state: 'ended', reason: 'It was stopped.' }
    case 'FAILED':
      return { state: 'ended', reason: code ? `Its command ended with exit code ${code}.` : sentenceOf(message) }
    default:
      return { state: 'unknown', reason: `Ray says ${status} of it.` }
  }
}

/** What follows the first line is a log, which is in Ray. */
function sentenceOf(message: string | null): string | null {
  const line = message?.split('\n', 1)[0]?.trim().slice(0, 300)
  return line ? line : null
}

interface Answer {
  readonly status: number
  readonly text: string
}

interface Sending {
  readonly method: string
  readonly token: string | null
  readonly text: string | undefined
}

/** Not by fetch: it says `sec-fetch-mode` of itself, and Ray refuses whatever looks like a browser (405). */
function send(url: URL, { method, token, text }: Sending): Promise<Answer> {
  const headers = { ...(token !== null && { authorization: `Bearer ${token}` }), 'content-type': 'application/json' }
  return new Promise((resolve, reject) => {
    const by = url.protocol === 'https:' ? https : http
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    const sent = by.request(url, { method, headers, signal, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('error', reject)
      response.once('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }))
    })
    sent.once('error', reject)
    sent.end(text)
  })
}

/** @throws LauncherUnavailable, LaunchRefused */
function answerOf({ status, text }: Answer): unknown {
  if (status !== 200) throw failureOf({ status, text })
  return JSON.parse(text)
}

function failureOf({ status, text }: Answer): Error {
  // A stack in Python, whose last words say it; a line of a full stop follows.
  const lines = text.split('\n').filter((line) => /\w/.test(line))
  const said = `Ray answers ${status}: ${(lines.at(-1) ?? '').slice(0, 500)}`
  const isRefusal = status >= 400 && status < 500 && status !== 429
  return isRefusal ? new LaunchRefused(said) : new LauncherUnavailable(said)
}
