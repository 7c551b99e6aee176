/**
 * An order as a Job of one pod. The pod is not tried again by Kubernetes: whether a leg goes on is Kappa's to say. But one that is taken from
 * its node is replaced, and ends at once where the first had claimed the leg.
 */
import type { V1Container, V1Job, V1PodSpec, V1SecurityContext } from '@kubernetes/client-node'
import type { Templates } from './kubernetes-template.ts'
import { LaunchRefused, type LegOrder, STOP_GRACE_S } from './launcher.ts'
import { environmentOf, legName } from './leg-name.ts'

export interface JobSettings {
  readonly installation: string
  readonly templates: Templates
  /** Such as nvidia.com/gpu. */
  readonly gpuResource: string
  readonly priorities: readonly { readonly name: string; readonly from: number }[]
}

export const INSTALLATION_LABEL = 'kappa/installation'
export const QUEUE_LABEL = 'kueue.x-k8s.io/queue-name'
const PRIORITY_LABEL = 'kueue.x-k8s.io/priority-class'

const MIB = 2 ** 20
/** What has ended can be looked at for so long, and its attempts are counted. */
const REMEMBERED_S = 3600
/** A leg ends within KAPPA_LEG_MAX_S, 23 h at most. */
const LONGEST_LEG_S = 23 * 3600
/** For image, dataset, checkpoint, and the end. */
const AROUND_LEG_S = 3600
/** Of the image's user; a pod without it runs as whoever the image says, and root is refused. */
const SECURE: V1SecurityContext = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  readOnlyRootFilesystem: true
}

/** @throws LaunchRefused there is no template for its device */
export function jobOf(order: LegOrder, settings: JobSettings): V1Job {
  const { installation, templates } = settings
  const template = templates[order.device]
  if (template === null)
    throw new LaunchRefused(`KAPPA_KUBERNETES_TEMPLATE has no Job for a ${order.device.toUpperCase()}.`)
  const name = legName(installation, order)
  const priority = priorityOf(order, settings)
  const isQueued = template.metadata?.labels?.[QUEUE_LABEL] !== undefined
  const labels = {
    'app.kubernetes.io/name': 'kappa-leg',
    [INSTALLATION_LABEL]: installation,
    'kappa/run': order.runId.replace('_', '-'),
    'kappa/project': order.projectId.replace('_', '-')
  }
  const queueing = isQueued && priority !== null ? { [PRIORITY_LABEL]: priority } : {}
  const pod = template.spec?.template
  return {
    ...template,
    metadata: { ...template.metadata, name, labels: { ...template.metadata?.labels, ...labels, ...queueing } },
    spec: {
      ...template.spec,
      // Kueue lets it go when there is room; without a queue nobody would.
      suspend: isQueued,
      parallelism: 1,
      completions: 1,
      backoffLimit: 0,
      ttlSecondsAfterFinished: template.spec?.ttlSecondsAfterFinished ?? REMEMBERED_S,
      activeDeadlineSeconds: Math.min(order.maxRuntimeS, LONGEST_LEG_S) + AROUND_LEG_S,
      podReplacementPolicy: 'Failed',
      podFailurePolicy: {
        rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }]
      },
      template: {
        ...pod,
        metadata: { ...pod?.metadata, labels: { ...pod?.metadata?.labels, ...labels } },
        spec: podOf(pod?.spec, order, { settings, priorityClass: isQueued ? null : priority })
      }
    }
  }
}

interface Placing {
  readonly settings: JobSettings
  readonly priorityClass: string | null
}

function podOf(pod: V1PodSpec | undefined, order: LegOrder, { settings, priorityClass }: Placing): V1PodSpec {
  const [worker, ...beside] = pod?.containers ?? []
  if (worker === undefined) throw new LaunchRefused('KAPPA_KUBERNETES_TEMPLATE has no container.')
  return {
    automountServiceAccountToken: false,
    ...pod,
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: STOP_GRACE_S,
    ...(priorityClass !== null && { priorityClassName: priorityClass }),
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' }, ...pod?.securityContext },
    containers: [workerOf(worker, order, settings), ...beside]
  }
}

function workerOf(worker: V1Container, order: LegOrder, { gpuResource }: JobSettings): V1Container {
  const leg = Object.entries(environmentOf(order)).map(([name, value]) => ({ name, value }))
  // Failures are charged to the node, not to a pod that nobody sees again.
  const node = { name: 'KAPPA_WORKER_NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }
  const names = new Set([...leg, node].map(({ name }) => name))
  const needed = { memory: `${Math.ceil(order.memoryBytes / MIB)}Mi` }
  const devices: Record<string, string> = order.device === 'gpu' ? { [gpuResource]: String(order.devices) } : {}
  const { requests, limits } = worker.resources ?? {}
  // What the file says of memory, in either of the two, is its author's to know better.
  const own = requests?.['memory'] ?? limits?.['memory']
  const memory = own === undefined ? needed : { memory: own }
  return {
    ...worker,
    env: [...(worker.env ?? []).filter(({ name }) => !names.has(name)), ...leg, node],
    securityContext: { ...SECURE, ...worker.securityContext },
    resources: {
      ...worker.resources,
      requests: { ...memory, ...requests, ...devices },
      limits: { ...memory, ...limits, ...devices }
    }
  }
}

/** The class with the highest bound that its priority reaches; null where there is none. */
function priorityOf({ priority }: LegOrder, { priorities }: JobSettings): string | null {
  const reached = priorities.filter(({ from }) => from <= priority)
  return reached.toSorted((a, b) => a.from - b.from).at(-1)?.name ?? null
}
