/**
 * One Job per leg. The rights it needs, in one namespace: create, get, list and delete of jobs, and list of pods, for the reasons of those that
 * wait or failed. Jobs do not live with this process.
 */
import { ApiException, BatchV1Api, CoreV1Api, KubeConfig, type V1Job, type V1Pod } from '@kubernetes/client-node'
import { INSTALLATION_LABEL, type JobSettings, jobOf } from './kubernetes-job.ts'
import { sightOf } from './kubernetes-sight.ts'
import { type Launched, type Launcher, LauncherUnavailable, LaunchRefused, type Sight } from './launcher.ts'
import { legName } from './leg-name.ts'

export interface KubernetesOptions extends JobSettings {
  /** The usual one: KUBECONFIG, ~/.kube/config, or the pod's own account. */
  readonly config?: KubeConfig
  /** Null: the template's, or that of the config. */
  readonly namespace?: string
}

/** Of one answer; the rest follows. */
const PAGE = 500
const JOB_NAME_LABEL = 'batch.kubernetes.io/job-name'
/** What the server says of an order that it will never take, unless somebody changes something. */
const REFUSALS = new Set([400, 403, 404, 422])

export function createKubernetesLauncher(options: KubernetesOptions): Launcher {
  const config = options.config ?? defaultConfig()
  const namespace = options.namespace ?? namespaceOf(options, config)
  const [batch, core] = [config.makeApiClient(BatchV1Api), config.makeApiClient(CoreV1Api)]
  const labelSelector = `${INSTALLATION_LABEL}=${options.installation}`
  const launchedAs = ({ metadata }: V1Job): Launched => ({ name: metadata?.name ?? '', id: metadata?.uid ?? '' })

  async function read(name: string): Promise<V1Job | null> {
    return orNull(404, () => batch.readNamespacedJob({ name, namespace }))
  }

  const podsOf = (selector: string): Promise<readonly V1Pod[]> =>
    pages((page) => core.listNamespacedPod({ namespace, labelSelector: selector, ...page }))

  return {
    name: 'kubernetes',

    async start(order) {
      const body = jobOf(order, options)
      const name = legName(options.installation, order)
      const made = await orNull(409, () => batch.createNamespacedJob({ namespace, body }))
      const job = made ?? (await read(name))
      // Somebody else's, made and removed in between.
      if (job === null) throw new LauncherUnavailable(`Job ${name} was removed a moment ago.`)
      return launchedAs(job)
    },

    async look({ name }) {
      const job = await read(name)
      if (job === null) return { state: 'unknown', reason: null }
      return sightOf(job, await podsOf(`${JOB_NAME_LABEL}=${name}`))
    },

    async stop({ name }) {
      // Its pods go after it, each with its grace.
      await orNull(404, () => batch.deleteNamespacedJob({ name, namespace, propagationPolicy: 'Background' }))
    },

    async list() {
      const jobs = await pages((page) => batch.listNamespacedJob({ namespace, labelSelector, ...page }))
      const pods = Map.groupBy(jobs.length === 0 ? [] : await podsOf(labelSelector), jobNameOf)
      return jobs.map((job) => ({
        ...launchedAs(job),
        sight: sightOf(job, pods.get(job.metadata?.name) ?? []) as Sight
      }))
    },

    async close() {}
  }
}

const jobNameOf = ({ metadata }: V1Pod): string | undefined => metadata?.labels?.[JOB_NAME_LABEL]

function defaultConfig(): KubeConfig {
  const config = new KubeConfig()
  config.loadFromDefault()
  return config
}

function namespaceOf({ templates: { cpu, gpu } }: JobSettings, config: KubeConfig): string {
  const named = (cpu ?? gpu)?.metadata?.namespace
  return named ?? config.getContextObject(config.getCurrentContext())?.namespace ?? 'default'
}

interface Answer<T> {
  readonly items: readonly T[]
  readonly metadata?: { readonly _continue?: string }
}

async function pages<T>(
  ask: (page: { limit: number; _continue?: string }) => Promise<Answer<T>>
): Promise<readonly T[]> {
  const all: T[] = []
  for (let next: string | undefined; ; ) {
    const { items, metadata } = await answered(() => ask({ limit: PAGE, ...(next && { _continue: next }) }))
    all.push(...items)
    next = metadata?._continue
    if (!next) return all
  }
}

/** Null for the answer with this code. */
async function orNull<T>(code: number, ask: () => Promise<T>): Promise<T | null> {
  try {
    return await answered(ask, code)
  } catch (error) {
    if (error instanceof ApiException && error.code === code) return null
    throw error
  }
}

/** @throws LaunchRefused, LauncherUnavailable, ApiException with the expected code */
async function answered<T>(ask: () => Promise<T>, expected?: number): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof ApiException) {
      if (error.code === expected) throw error
      const said = `Kubernetes answers ${error.code}: ${messageOf(error.body)}`
      throw REFUSALS.has(error.code) ? new LaunchRefused(said) : new LauncherUnavailable(said)
    }
    throw new LauncherUnavailable(
      `Kubernetes cannot be reached: ${error instanceof Error ? reachedBy(error) : error}`,
      { cause: error }
    )
  }
}

const reachedBy = (error: Error): string => (error.cause instanceof Error ? error.cause.message : error.message)

/** Of a Status object, as text or parsed; never of anything that was sent. */
function messageOf(body: unknown): string {
  const status: unknown = typeof body === 'string' ? parsed(body) : body
  const message = typeof status === 'object' && status !== null && 'message' in status ? status.message : body
  return String(message).slice(0, 500)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
