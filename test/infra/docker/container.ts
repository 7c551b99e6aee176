/**
 * Runs what was built as a container runtime does: the command is process 1 of its own process namespace, as the image's user,
 * without any capability, on a root file system that is read-only but for /tmp and one volume. The network is the host's.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Built } from './build-in-chroot.ts'

export interface Container {
  /** The host's number of its process 1. */
  readonly pid: number
  readonly output: () => string
  /** A command in it, as the same user. */
  exec(command: readonly string[]): { code: number | null; output: string }
  /** With which code it ended by itself. */
  ended(): Promise<number | null>
  /** Sends SIGTERM to process 1 and says how it ended, killed after the grace. */
  stop(graceMs: number): Promise<{ code: number | null; signal: string | null; ms: number }>
}

/** $1 root, $2 the volume, $3 and $4 the user, then the command. */
const SCRIPT = `
set -e
mount --bind "$1" "$1"
mount --rbind /dev "$1/dev"
mount -t proc proc "$1/proc"
mount -t tmpfs -o nosuid,nodev,mode=1777 tmpfs "$1/tmp"
mount --bind "$2" "$1/var/lib/kappa"
mount -o remount,bind,ro "$1"
root=$1; uid=$3 gid=$4; shift 4
exec chroot "$root" setpriv --reuid "$uid" --regid "$gid" --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all "$@"
`
const PATH = 'PATH=/usr/local/bin:/usr/bin:/bin'

const commandOf = ({ config }: Built, env: Readonly<Record<string, string>>, command: readonly string[]): string[] => [
  'env',
  '-i',
  `--chdir=${config.workdir}`,
  PATH,
  ...Object.entries({ ...config.env, ...env }).map(([name, value]) => `${name}=${value}`),
  ...command
]

function firstProcess(unshare: number): number {
  const children = readFileSync(`/proc/${unshare}/task/${unshare}/children`, 'utf8').trim()
  if (!/^\d+$/.test(children)) throw new Error(`the namespace of ${unshare} has no process 1: ${children}`)
  return Number(children)
}

async function untilExecuted(child: ChildProcess): Promise<number> {
  const signal = AbortSignal.timeout(10_000)
  while (!signal.aborted) {
    const pid = child.exitCode === null ? tryFirst(child.pid!) : null
    if (pid !== null && readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('node')) return pid
    if (child.exitCode !== null) break
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`the container does not start: exit code ${child.exitCode}`)
}

function tryFirst(unshare: number): number | null {
  try {
    return firstProcess(unshare)
  } catch {
    return null // not forked yet; asked again by the caller, up to its bound
  }
}

export interface ContainerOptions {
  readonly volume: string
  readonly env: Readonly<Record<string, string>>
  readonly command?: readonly string[]
}

export async function startContainer(built: Built, { volume, env, command }: ContainerOptions): Promise<Container> {
  const { config, root } = built
  const [uid, gid] = config.user.split(':')
  execFileSync('chown', [`${uid}:${gid}`, volume])
  const inside = commandOf(built, env, [...config.entrypoint, ...(command ?? config.cmd)])
  const namespaces = ['--mount', '--pid', '--uts', '--ipc', '--fork', '--kill-child']
  const child = spawn('unshare', [...namespaces, 'sh', '-c', SCRIPT, 'sh', root, volume, uid!, gid!, ...inside], {
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk).slice(-8000)
    })
  const exited = once(child, 'exit')
  const pid = await untilExecuted(child).catch((error: Error) => {
    child.kill('SIGKILL')
    throw new Error(`${error.message}\n${output}`)
  })
  return {
    pid,
    output: () => output,
    exec(words) {
      const target = ['--target', String(pid), '--mount', '--pid', '--uts', '--ipc']
      const chroot = ['chroot', `--userspec=${config.user}`, '--groups=', root]
      const done = spawnSync('nsenter', [...target, ...chroot, ...commandOf(built, env, words)], { encoding: 'utf8' })
      return { code: done.status, output: `${done.stdout}${done.stderr}` }
    },
    ended: async () => (await exited)[0],
    async stop(graceMs) {
      const start = performance.now()
      process.kill(pid, 'SIGTERM')
      const kill = setTimeout(() => process.kill(pid, 'SIGKILL'), graceMs)
      const [code, signal] = await exited
      clearTimeout(kill)
      return { code, signal, ms: Math.round(performance.now() - start) }
    }
  }
}
