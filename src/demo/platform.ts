/** The whole platform in a child process of its own, as `npm start` runs it, on a free port and a given folder. */
import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import { Child } from '../processes/child.ts'

interface PlatformMessage {
  readonly type: string
  readonly url?: string
}

export interface PlatformProcess {
  readonly url: string
  readonly adminKey: string
  readonly child: Child<PlatformMessage>
  stop(): Promise<void>
}

const PRINTED_LINES = 100
/** Its supervisor waits for three processes, up to two and a half minutes for each. */
const STOP_GRACE_MS = 600_000

const isListening = (message: PlatformMessage): message is PlatformMessage & { readonly url: string } =>
  message.type === 'listening' && message.url !== undefined

/** Rejects with the end of what the platform printed when it does not come up. */
export async function startPlatformProcess(
  folder: string,
  environment: Readonly<Record<string, string>> = {}
): Promise<PlatformProcess> {
  const adminKey = environment['KAPPA_ADMIN_KEY'] ?? `kappa_demo_${randomBytes(24).toString('hex')}`
  const printed: string[] = []
  const child = new Child<PlatformMessage>({
    entry: resolve(import.meta.dirname, '../bin/standalone.ts'),
    execArgv: process.execArgv,
    env: {
      PORT: '0',
      LOG_LEVEL: 'warn',
      KAPPA_DATA: folder,
      ...process.env,
      ...environment,
      KAPPA_ADMIN_KEY: adminKey
    },
    output: (line) => {
      printed.push(line)
      if (printed.length > PRINTED_LINES) printed.shift()
    }
  })
  const listening = await child.firstMessage(isListening)
  if (listening === null) {
    const { code, signal } = await child.exited
    throw new Error(`The platform did not start (${signal ?? `exit code ${code}`}).\n${printed.join('\n')}`)
  }
  return { url: listening.url, adminKey, child, stop: async () => void (await child.stop(STOP_GRACE_MS)) }
}
