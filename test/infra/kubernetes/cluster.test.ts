/** The chart before a Kubernetes that has everything but containers: what an API server refuses, and what helm waits for. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { AppsV1Api, CoreV1Api, NetworkingV1Api, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node'
import { EXIT_CODE, PROGRAMS, startKubeCluster } from '../../helpers/kube-cluster.ts'
import { CHART, VALUES } from './chart.ts'

const programs = process.env['KAPPA_TEST_KUBE_PROGRAMS']
const why = `SKIPPED, no cluster: KAPPA_TEST_KUBE_PROGRAMS names a folder with ${PROGRAMS.join(', ')}`
if (!programs) process.stderr.write(`\n*** ${why}\n\n`)

/** Of docs/deploy/kubernetes.md; what is in them is read by containers alone. */
const SECRETS = ['kappa-database', 'kappa-objects', 'kappa-keys', 'registry']
const [, launcher, least] = VALUES as [string, string, string]

const helm = (kubeconfig: string, ...args: readonly string[]) =>
  new Promise<string>((resolve, reject) => {
    const child = spawn('helm', [...args, '--namespace', 'kappa', '--kubeconfig', kubeconfig], { stdio: 'pipe' })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text))
    child.on('error', reject)
    child.on('exit', (code) => (code === 0 ? resolve(said) : reject(new Error(said))))
  })

test('the chart is installed, upgraded to a launcher and removed', {
  skip: programs ? false : why,
  timeout: 300_000
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'kappa-chart-'))
  const { admin, stop } = await startKubeCluster(programs ?? '')
  const core = admin.makeApiClient(CoreV1Api)
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, admin.exportConfig(), { mode: 0o600 })
  const ending = new AbortController()
  t.after(async () => {
    ending.abort()
    await migrating
    await stop()
    rmSync(folder, { recursive: true })
  })
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' }
  await core.createNamespace({ body: { metadata: { name: 'kappa', labels } } })
  for (const name of SECRETS) await core.createNamespacedSecret({ namespace: 'kappa', body: { metadata: { name } } })
  const migrating = endMigrations(core, ending.signal)

  const wait = ['--wait', '--timeout', '120s']
  await Promise.race([migrating, helm(kubeconfig, 'install', 'kappa', CHART, '--values', least, ...wait)])
  const apps = admin.makeApiClient(AppsV1Api)
  const ready = async () =>
    (await apps.listNamespacedDeployment({ namespace: 'kappa' })).items.map(
      ({ metadata, status }) => `${metadata?.name} ${status?.readyReplicas ?? 0}`
    )
  // One of the API: its number is the autoscaler's, which is not here.
  assert.deepEqual((await ready()).sort(), ['kappa-api 1', 'kappa-worker-cpu 2'])
  await Promise.race([migrating, helm(kubeconfig, 'upgrade', 'kappa', CHART, '--values', launcher, ...wait)])
  assert.ok((await ready()).includes('kappa-launcher 1'))
  const policies = await admin.makeApiClient(NetworkingV1Api).listNamespacedNetworkPolicy({ namespace: 'kappa' })
  assert.deepEqual(policies.items.map(({ metadata }) => metadata?.name).sort(), [
    'kappa',
    'kappa-api',
    'kappa-launcher',
    'kappa-workers'
  ])
  await helm(kubeconfig, 'uninstall', 'kappa', ...wait)
  assert.deepEqual(await ready(), [])
})

/** The process of the migration, which nobody runs here, ends well. */
async function endMigrations(core: CoreV1Api, signal: AbortSignal): Promise<void> {
  const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch)
  const labelSelector = 'app.kubernetes.io/component=migrate'
  while (!signal.aborted) {
    const { items } = await core.listNamespacedPod({ namespace: 'kappa', labelSelector })
    for (const { metadata, status } of items) {
      if (status?.phase !== 'Running') continue
      const body = { metadata: { annotations: { [EXIT_CODE]: '0' } } }
      await core.patchNamespacedPod({ name: metadata?.name ?? '', namespace: 'kappa', body }, merge)
    }
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}
