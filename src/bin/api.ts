/** `npm run api`: the HTTP process. Any number of them may share one database and one object store. */
import { ensureAdminKey } from '../composition/admin-key.ts'
import { composeApi } from '../composition/api.ts'
import { awaitDatabase } from '../composition/clients.ts'
import { createLogger } from '../composition/logger.ts'
import { configOrExit } from '../composition/process-config.ts'
import { openTracing, sayDroppedSpans } from '../composition/tracing.ts'
import { onStop } from '../processes/on-stop.ts'
import { startUp } from '../processes/start-up.ts'

const config = await configOrExit(process.env)
const { tracing, close: closeTracing } = await openTracing(config.tracing, 'api')
const logger = createLogger(config.logLevel, 'api', tracing)
sayDroppedSpans(logger)

// While it starts there is nothing to close, and still it ends with its parent.
let close = async (): Promise<void> => {}
onStop(() => close())

await startUp(async () => {
  await awaitDatabase(config, logger)
  const { token, notice } = await ensureAdminKey(config)
  if (notice) logger.warn(notice)
  if (token) process.stderr.write(`First admin key, shown this once: ${token}\n`)

  const { app, ...composed } = await composeApi(config, logger, tracing)
  close = async () => {
    await composed.close()
    await closeTracing()
  }
  await app.listen({ host: config.host, port: config.port })
  logger.info({ url: config.publicUrl }, 'the API answers')
  process.send?.({ type: 'listening', url: config.publicUrl })
})
