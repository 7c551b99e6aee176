/** The launcher before a whole Kubernetes but its containers: Jobs that controllers count, a scheduler places and kwok runs. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import {
  BatchV1Api,
  CoreV1Api,
  type KubeConfig,
  PatchStrategy,
  RbacAuthorizationV1Api,
  setHeaderOptions,
  type V1Pod,
  type V1Role
} from '@kubernetes/client-node'
import { parse } from 'yaml'
import { createKubernetesLauncher } from '../../../src/launching/kubernetes-launcher.ts'
import { readTemplates } from '../../../src/launching/kubernetes-template.ts'
import type { Launched } from '../../../src/launching/launcher.ts'
import { EXIT_CODE, type KubeCluster, PROGRAMS, startKubeCluster } from '../../helpers/kube-cluster.ts'
import { anOrder, conformsAsLauncher, type LauncherBench, sees } from '../../helpers/launcher-conformance.ts'
import { startRelay } from '../../helpers/relay.ts'

/** A folder with etcd, kube-apiserver, kube-controller-manager, kube-scheduler and kwok. */
const programs = process.env['KAPPA_TEST_KUBE_PROGRAMS']
const why = `SKIPPED, no cluster: KAPPA_TEST_KUBE_PROGRAMS names a folder with ${PROGRAMS.join(', ')}`
if (!programs) process.stderr.write(`\n*** ${why}\n\n`)
const skip = programs ? false : why

let started: Promise<KubeCluster> | null = null
const cluster = (): Promise<KubeCluster> => (started ??= startKubeCluster(programs ?? ''))
after(async () => void (await (await started)?.stop()))

const page = readFileSync(join(import.meta.dirname, '../../../docs/launching.md'), 'utf8')
const [, ROLE = ''] = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, block = '']) => block)

const templateOf = (labels: string) => `
apiVersion: batch/v1
kind: Job
metadata: { labels: ${labels} }
spec:
  template:
    spec:
      securityContext: { runAsUser: 1000 }
      containers:
        - { name: worker, image: registry.example/kappa-worker:1, envFrom: [{ secretRef: { name: kappa } }] }
`
const QUEUED = templateOf('{ kueue.x-k8s.io/queue-name: kappa }')

/** The user `launcher` with the Role of docs/launching.md, in a namespace of this test alone whose service account is there. */
async function createPlace(t: TestContext, admin: KubeConfig): Promise<string> {
  const [core, rbac] = [admin.makeApiClient(CoreV1Api), admin.makeApiClient(RbacAuthorizationV1Api)]
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' }
  const { metadata } = await core.createNamespace({ body: { metadata: { generateName: 'kappa-test-', labels } } })
  const namespace = metadata?.name ?? ''
  t.after(async () => void (await core.deleteNamespace({ name: namespace })))
  const role = parse(ROLE) as V1Role
  const body = { ...role, metadata: { name: 'kappa-launcher' } }
  await rbac.createNamespacedRole({ namespace, body })
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'kappa-launcher' }
  const subjects = [{ kind: 'User', name: 'launcher', apiGroup: 'rbac.authorization.k8s.io' }]
  await rbac.createNamespacedRoleBinding({
    namespace,
    body: { metadata: { name: 'kappa-launcher' }, roleRef, subjects }
  })
  await until(async () => (await core.listNamespacedServiceAccount({ namespace })).items.length > 0)
  return namespace
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 1500; i++) {
    if (await holds()) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('it has not come about within 30 s')
}

interface Place {
  readonly config: KubeConfig
  readonly namespace: string
  readonly template?: string
  readonly installation?: string
}

const launcherOf = ({ config, namespace, template = QUEUED, installation = 'test' }: Place) =>
  createKubernetesLauncher({
    installation,
    templates: readTemplates(template),
    gpuResource: 'nvidia.com/gpu',
    priorities: [],
    config,
    namespace
  })

/** What Kueue does to a Job, and what a process does to its pod. The rest is Kubernetes. */
function createMoves(admin: KubeConfig, namespace: string) {
  const [batch, core] = [admin.makeApiClient(BatchV1Api), admin.makeApiClient(CoreV1Api)]
  const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch)
  const podsOf = async (name: string): Promise<readonly V1Pod[]> =>
    (await core.listNamespacedPod({ namespace, labelSelector: `batch.kubernetes.io/job-name=${name}` })).items
  const isRunning = ({ metadata, status }: V1Pod) => status?.phase === 'Running' && !metadata?.deletionTimestamp
  async function podOf(name: string): Promise<string> {
    await until(async () => (await podsOf(name)).some(isRunning))
    return (await podsOf(name)).find(isRunning)?.metadata?.name ?? ''
  }
  return {
    podOf,
    evict: async (pod: string) =>
      void (await core.createNamespacedPodEviction({ name: pod, namespace, body: { metadata: { name: pod } } })),
    countJobs: async () => (await batch.listNamespacedJob({ namespace })).items.length,
    async begin({ name }: Launched) {
      await batch.patchNamespacedJob({ name, namespace, body: { spec: { suspend: false } } }, merge)
      await podOf(name)
    },
    async finish({ name }: Launched, exitCode: number) {
      const body = { metadata: { annotations: { [EXIT_CODE]: String(exitCode) } } }
      await core.patchNamespacedPod({ name: await podOf(name), namespace, body }, merge)
    },
    lose: async ({ name }: Launched) =>
      void (await core.deleteNamespacedPod({ name: await podOf(name), namespace, gracePeriodSeconds: 0 }))
  }
}

async function open(t: TestContext): Promise<LauncherBench> {
  const { url, admin, configOf } = await cluster()
  const relay = await startRelay(new URL(url))
  t.after(relay.cut)
  const place = { config: configOf(relay.url), namespace: await createPlace(t, admin) }
  await launcherOf({ ...place, installation: 'test-b' }).start(anOrder())
  const { countJobs, ...moves } = createMoves(admin, place.namespace)
  return {
    launcher: launcherOf(place),
    other: launcherOf(place),
    installation: 'test',
    countPlaces: async () => (await countJobs()) - 1,
    cut: relay.cut,
    ...moves
  }
}

conformsAsLauncher('Kubernetes, controllers, scheduler and kwok', open, { skip })

async function setUp(t: TestContext) {
  const { url, admin, configOf } = await cluster()
  const namespace = await createPlace(t, admin)
  const launcher = launcherOf({ config: configOf(url), namespace, template: templateOf('{}') })
  return { launcher, ...createMoves(admin, namespace) }
}

test('what no node has is what a leg waits for, in the words of the scheduler', { skip }, async (t) => {
  const { launcher } = await setUp(t)
  const launched = await launcher.start(anOrder({ device: 'gpu', devices: 8 }))
  await until(async () => (await launcher.look(launched)).reason !== null)
  const { state, reason } = await launcher.look(launched)
  assert.equal(state, 'waiting')
  assert.match(reason ?? '', /^0\/1 nodes are available: 1 Insufficient nvidia\.com\/gpu/)
})

test('a leg on GPUs that are there runs, without a queue and by nobody’s word', { skip }, async (t) => {
  const { launcher } = await setUp(t)
  await sees(launcher, await launcher.start(anOrder({ device: 'gpu', devices: 4 })), ['running'])
})

test('a pod that is evicted is replaced by its Job, which has not failed', { skip }, async (t) => {
  const { launcher, podOf, evict, finish } = await setUp(t)
  const launched = await launcher.start(anOrder())
  const first = await podOf(launched.name)
  await evict(first)
  await until(async () => (await podOf(launched.name)) !== first)
  await sees(launcher, launched, ['running'])
  await finish(launched, 0)
  assert.deepEqual(await sees(launcher, launched, ['ended']), { state: 'ended', reason: null })
})
