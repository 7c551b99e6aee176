/**
 * Kubernetes as far as it goes without containers: etcd, kube-apiserver, the controllers of Jobs, service accounts, garbage and namespaces,
 * kube-scheduler, and kwok in place of kubelets. docs/launching.md says where the programs come from.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node'
import { freePort } from '../../src/base/free-port.ts'

export const PROGRAMS = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kwok'] as const

/** May do everything. */
const ADMIN = 'admin-token'
/** May do what a Role gives to the user `launcher`. */
const LAUNCHER = 'launcher-token'
const CONTROLLERS = [
  ...['job', 'deployment', 'replicaset', 'disruption', 'garbage-collector', 'serviceaccount', 'namespace'],
  ...['ttl-after-finished', 'node-lifecycle']
]
const START_S = 120

/** What a kubelet does to pods: with this annotation the process of a pod ends with that code. */
export const EXIT_CODE = 'kappa-test/exit-code'
const STAGES = join(import.meta.dirname, 'kube-stages.yaml')

export interface KubeCluster {
  readonly url: string
  readonly admin: KubeConfig
  /** Of the user `launcher`, by way of `server`. */
  configOf(server: string): KubeConfig
  stop(): Promise<void>
}

/** @param folder with PROGRAMS */
export async function startKubeCluster(folder: string): Promise<KubeCluster> {
  const work = mkdtempSync(join(tmpdir(), 'kappa-kube-'))
  const children: ChildProcess[] = []
  const start = (name: (typeof PROGRAMS)[number], ...args: readonly string[]) => {
    const log = openSync(join(work, `${name}.log`), 'w')
    children.unshift(spawn(join(folder, name), args, { cwd: work, stdio: ['ignore', log, log] }))
    closeSync(log)
  }
  const stop = async () => {
    for (const child of children) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const ended = once(child, 'exit')
      child.kill('SIGKILL') // nothing of it is kept
      await ended
    }
    rmSync(work, { recursive: true })
  }
  try {
    const [etcd, peers, port] = [await freePort(), await freePort(), await freePort()]
    const url = `https://127.0.0.1:${port}`
    writeFiles(work, url)
    start('etcd', ...etcdArgs(etcd, peers))
    start('kube-apiserver', ...apiArgs(etcd, port))
    const admin = configFor(url, ADMIN)
    await untilAnswers(admin, () => {
      const ended = children.find(({ exitCode }) => exitCode !== null)
      return ended && `${ended.spawnfile}: ${lastLines(join(work, `${ended.spawnfile.split('/').at(-1)}.log`))}`
    })
    const common = ['--kubeconfig=kubeconfig', '--leader-elect=false', '--secure-port=0']
    const controllers = CONTROLLERS.map((name) => `${name}-controller`).join(',')
    start(
      'kube-controller-manager',
      ...common,
      `--controllers=${controllers}`,
      '--service-account-private-key-file=sa.key'
    )
    start('kube-scheduler', ...common)
    start('kwok', '--kubeconfig=kubeconfig', '--manage-all-nodes', `--config=${STAGES}`)
    await createNode(admin)
    return { url, admin, configOf: (server) => configFor(server, LAUNCHER), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

const etcdArgs = (port: number, peers: number): readonly string[] => [
  '--data-dir=etcd',
  '--unsafe-no-fsync',
  `--listen-client-urls=http://127.0.0.1:${port}`,
  `--advertise-client-urls=http://127.0.0.1:${port}`,
  `--listen-peer-urls=http://127.0.0.1:${peers}`
]

const apiArgs = (etcd: number, port: number): readonly string[] => [
  `--etcd-servers=http://127.0.0.1:${etcd}`,
  '--bind-address=127.0.0.1',
  `--secure-port=${port}`,
  '--cert-dir=certificates',
  '--service-account-issuer=https://test',
  '--service-account-key-file=sa.key',
  '--service-account-signing-key-file=sa.key',
  '--token-auth-file=tokens.csv',
  '--authorization-mode=RBAC'
]

function writeFiles(work: string, url: string): void {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  writeFileSync(join(work, 'sa.key'), privateKey.export({ type: 'pkcs1', format: 'pem' }))
  writeFileSync(join(work, 'tokens.csv'), `${ADMIN},admin,1,"system:masters"\n${LAUNCHER},launcher,2\n`)
  writeFileSync(join(work, 'kubeconfig'), configFor(url, ADMIN).exportConfig())
}

function configFor(server: string, token: string): KubeConfig {
  const config = new KubeConfig()
  config.loadFromClusterAndUser({ name: 'test', server, skipTLSVerify: true }, { name: 'test', token })
  return config
}

const lastLines = (path: string): string => readFileSync(path, 'utf8').split('\n').slice(-4).join('\n')

async function untilAnswers(admin: KubeConfig, ended: () => string | undefined): Promise<void> {
  const core = admin.makeApiClient(CoreV1Api)
  const deadline = performance.now() + START_S * 1000
  for (;;) {
    try {
      await core.readNamespace({ name: 'default' })
      return
    } catch (error) {
      const why = ended() ?? (performance.now() > deadline ? String(error) : undefined)
      if (why !== undefined) throw new Error(`kube-apiserver does not answer: ${why}`, { cause: error })
    }
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

/** With four GPUs, as a device plugin would tell of them. */
async function createNode(admin: KubeConfig): Promise<void> {
  const there = { cpu: '64', memory: '256Gi', pods: '110', 'nvidia.com/gpu': '4' }
  const metadata = { name: 'node-1', labels: { 'kubernetes.io/arch': 'amd64' } }
  const status = { allocatable: there, capacity: there }
  await admin.makeApiClient(CoreV1Api).createNode({ body: { metadata, status } })
}
