/** `npm run launch`: starts a worker for each leg that waits, on this machine or by an engine (docs/launching.md). */
import { awaitDatabase } from '../composition/clients.ts'
import { composeDispatcher } from '../composition/launch.ts'
import { createLogger } from '../composition/logger.ts'
import { configOrExit } from '../composition/process-config.ts'
import { openTracing } from '../composition/tracing.ts'
import { onStop } from '../processes/on-stop.ts'
import { startUp } from '../processes/start-up.ts'

const config = await configOrExit(process.env)
const { tracing, close: closeTracing } = await openTracing(config.tracing, 'launch')
const logger = createLogger(config.logLevel, 'launch', tracing)

const output = (line: string) => void process.stdout.write(`${line}\n`)
const stopping = new AbortController()
let close = async (): Promise<void> => {}
onStop(() => close())

await startUp(async () => {
  await awaitDatabase(config, logger)
  const { run, close: closeDispatcher } = await composeDispatcher(config, logger, { tracing, env: process.env, output })
  const { launcher, max } = config.launching
  logger.info({ launcher, max }, 'legs that wait get workers')
  const running = run(stopping.signal)
  close = async () => {
    stopping.abort(new Error('the dispatcher stops'))
    await running
    await closeDispatcher()
    await closeTracing()
  }
  process.send?.({ type: 'working' })
  await running
})
