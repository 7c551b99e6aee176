/** The suite against processes of this machine, and against a stand-in for Kubernetes; kubernetes-cluster.test.ts has a real one. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { BatchV1Api, CoreV1Api, KubeConfig, type V1Job, type V1Pod } from '@kubernetes/client-node'
import { createKubernetesLauncher } from '../../../src/launching/kubernetes-launcher.ts'
import { readTemplates } from '../../../src/launching/kubernetes-template.ts'
import type { Launched } from '../../../src/launching/launcher.ts'
import { createLocalLauncher } from '../../../src/launching/local-launcher.ts'
import { startKubeApi } from '../../helpers/kube-api.ts'
import { conformsAsLauncher, type LauncherBench } from '../../helpers/launcher-conformance.ts'

async function localBench(t: TestContext): Promise<LauncherBench> {
  const folder = mkdtempSync(join(tmpdir(), 'kappa-launch-'))
  const entry = join(import.meta.dirname, '../../helpers/fake-leg-worker.ts')
  const env = { ...process.env, KAPPA_TEST_FOLDER: folder }
  const launcher = createLocalLauncher({ installation: 'test', entry, env, output: () => {} })
  t.after(async () => {
    await launcher.close()
    rmSync(folder, { recursive: true })
  })
  const up = () => readdirSync(folder)
  const begin = async ({ id }: Launched) => {
    while (!up().includes(id)) await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return {
    launcher,
    other: null,
    installation: 'test',
    countPlaces: async () => (await launcher.list()).length,
    begin,
    finish: async ({ id }, exitCode) => void process.kill(Number(id), exitCode === 0 ? 'SIGUSR2' : 'SIGHUP'),
    lose: async ({ id }) => void process.kill(Number(id), 'SIGKILL')
  }
}

conformsAsLauncher('local processes', localBench, { isRemote: false })

const TEMPLATE = `
apiVersion: batch/v1
kind: Job
metadata: { labels: { kueue.x-k8s.io/queue-name: kappa } }
spec:
  template:
    spec:
      containers:
        - { name: worker, image: registry.example/kappa-worker:1, envFrom: [{ secretRef: { name: kappa } }] }
`

interface Server {
  readonly config: KubeConfig
  readonly namespace: string
  readonly cut: () => Promise<void>
}

function configFor(server: string): KubeConfig {
  const config = new KubeConfig()
  config.loadFromClusterAndUser({ name: 'test', server, skipTLSVerify: true }, { name: 'test' })
  return config
}

/** Of `kubernetes`, `namespace` is that of one test alone. */
async function kubernetesBench({ config, namespace, cut }: Server): Promise<LauncherBench> {
  const options = {
    installation: 'test',
    templates: readTemplates(TEMPLATE),
    gpuResource: 'nvidia.com/gpu',
    priorities: [],
    config,
    namespace
  }
  const launcher = createKubernetesLauncher(options)
  await createKubernetesLauncher({ ...options, installation: 'test-b' }).start({
    runId: 'run_other',
    projectId: 'prj_other',
    epoch: 1,
    attempt: 1,
    device: 'cpu',
    devices: 1,
    memoryBytes: 1,
    deviceMemoryBytes: null,
    maxRuntimeS: 1,
    priority: 0
  })
  const moves = createMoves(config, namespace)
  return {
    launcher,
    other: createKubernetesLauncher(options),
    installation: 'test',
    countPlaces: async () => (await moves.jobs()).length - 1,
    cut,
    ...moves
  }
}

/** What Kueue, the controller of Jobs and a kubelet do to a Job, by the API as they do it. */
function createMoves(config: KubeConfig, namespace: string) {
  const [batch, core] = [config.makeApiClient(BatchV1Api), config.makeApiClient(CoreV1Api)]
  const read = (name: string) => batch.readNamespacedJob({ name, namespace })
  const jobStatus = async (name: string, status: V1Job['status']) => {
    const job = await read(name)
    await batch.replaceNamespacedJobStatus({ name, namespace, body: { ...job, status: { ...job.status, ...status } } })
  }
  const podStatus = async (name: string, status: V1Pod['status']) => {
    const pod = await core.readNamespacedPod({ name: `${name}-0`, namespace })
    await core.replaceNamespacedPodStatus({ name: `${name}-0`, namespace, body: { ...pod, status: { ...status } } })
  }
  const condition = (type: string) => ({
    type,
    status: 'True',
    lastProbeTime: new Date(),
    lastTransitionTime: new Date()
  })
  const fail = (name: string) =>
    jobStatus(name, { active: 0, ready: 0, failed: 1, conditions: [condition('FailureTarget'), condition('Failed')] })
  return {
    jobs: async () => (await batch.listNamespacedJob({ namespace })).items,
    async begin({ name }: Launched) {
      const job = await read(name)
      await batch.replaceNamespacedJob({ name, namespace, body: { ...job, spec: { ...job.spec!, suspend: false } } })
      await jobStatus(name, { startTime: new Date(), active: 1, ready: 1, uncountedTerminatedPods: {} })
      const { metadata, spec } = job.spec!.template
      const labels = { ...metadata?.labels, 'batch.kubernetes.io/job-name': name }
      await core.createNamespacedPod({ namespace, body: { metadata: { name: `${name}-0`, labels }, spec: spec! } })
      await podStatus(name, { phase: 'Running' })
    },
    async finish({ name }: Launched, exitCode: number) {
      const terminated = { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error' }
      const container = {
        name: 'worker',
        image: 'i',
        imageID: 'i',
        ready: false,
        restartCount: 0,
        state: { terminated }
      }
      await podStatus(name, { phase: exitCode === 0 ? 'Succeeded' : 'Failed', containerStatuses: [container] })
      if (exitCode !== 0) return fail(name)
      const conditions = [condition('SuccessCriteriaMet'), condition('Complete')]
      await jobStatus(name, { active: 0, ready: 0, succeeded: 1, completionTime: new Date(), conditions })
    },
    async lose({ name }: Launched) {
      await core.deleteNamespacedPod({ name: `${name}-0`, namespace, gracePeriodSeconds: 0 })
      await fail(name)
    }
  }
}

conformsAsLauncher('Kubernetes, a stand-in for its API server', async (t) => {
  const api = await startKubeApi()
  t.after(() => api.close())
  return kubernetesBench({ config: configFor(api.url), namespace: 'kappa', cut: () => api.close() })
})
