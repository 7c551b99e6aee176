/** `npm run worker`: takes runs, ingests and exports from the queue. Any number of them may share one database. */
import { awaitDatabase } from '../composition/clients.ts'
import { readConfig } from '../composition/config.ts'
import { createLogger } from '../composition/logger.ts'
import { openTracing, sayDroppedSpans } from '../composition/tracing.ts'
import { composeWorker } from '../composition/worker.ts'
import { onStop } from '../processes/on-stop.ts'
import { startUp } from '../processes/start-up.ts'
import { resolveReferences } from '../storage/secrets/references.ts'

/** Trainers save a checkpoint and hand their legs back within this. */
const GRACE_MS = 120_000

const config = readConfig(await resolveReferences(process.env))
const { tracing, close: closeTracing } = await openTracing(config.tracing, 'worker')
const logger = createLogger(config.logLevel, 'worker', tracing)
sayDroppedSpans(logger)

// While it starts there is nothing to close, and still it ends with its parent.
let close = async (): Promise<void> => {}
onStop(() => close())

await startUp(async () => {
  await awaitDatabase(config, logger)
  const { worker, ...composed } = await composeWorker(config, logger, { tracing })
  close = async () => {
    await worker.stop(GRACE_MS)
    await composed.close()
    await closeTracing()
  }
  await worker.start()
  logger.info('the worker takes jobs')
  process.send?.({ type: 'working' })
})
