/** The whole platform in a child process of its own, as `npm start` runs it, on a free port and a given folder. */
import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { resolve } from 'node:path'

export interface PlatformProcess {
  readonly url: string
  readonly adminKey: string
  readonly child: ChildProcess
  stop(): Promise<void>
}

/** Rejects with the end of what the platform printed when it does not come up. */
export async function startPlatformProcess(
  folder: string,
  environment: Readonly<Record<string, string>> = {}
): Promise<PlatformProcess> {
  const adminKey = environment['KAPPA_ADMIN_KEY'] ?? `kappa_demo_${randomBytes(24).toString('hex')}`
  const child = fork(resolve(import.meta.dirname, '../bin/standalone.ts'), {
    env: {
      PORT: '0',
      LOG_LEVEL: 'warn',
      KAPPA_DATA: folder,
      ...process.env,
      ...environment,
      KAPPA_ADMIN_KEY: adminKey
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc']
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      printed = `${printed}${chunk.toString()}`.slice(-8000)
    })
  }
  const url = await new Promise<string>((done, fail) => {
    child.on('message', (message: { type?: string; url?: string }) => {
      if (message.type === 'listening' && message.url) done(message.url)
    })
    child.once('error', fail)
    child.once('exit', (code) => fail(new Error(`The platform did not start (exit code ${code}).\n${printed}`)))
  })
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    await exited
  }
  return { url, adminKey, child, stop }
}
