/**
 * `npm run worker`: takes runs, ingests and exports from the queue. Any number of them may share one database.
 * `npm run worker -- --run run_…` trains that run's leg, if one waits, and ends.
 */
import { parseArgs } from 'node:util'
import { awaitDatabase } from '../composition/clients.ts'
import { createLogger } from '../composition/logger.ts'
import { configOrExit } from '../composition/process-config.ts'
import { openTracing, sayDroppedSpans } from '../composition/tracing.ts'
import { composeWorker } from '../composition/worker.ts'
import { onStop } from '../processes/on-stop.ts'
import { startUp } from '../processes/start-up.ts'

/** Trainers save a checkpoint and hand their legs back within this. */
const GRACE_MS = 120_000

const { values } = parseArgs({ options: { run: { type: 'string' } } })
const config = await configOrExit(process.env, values.run ? { KAPPA_WORKER_RUN: values.run } : {})
const { tracing, close: closeTracing } = await openTracing(config.tracing, 'worker')
const logger = createLogger(config.logLevel, 'worker', tracing)
sayDroppedSpans(logger)

// While it starts there is nothing to close, and still it ends with its parent.
let close = async (): Promise<void> => {}
onStop(() => close())

await startUp(async () => {
  await awaitDatabase(config, logger)
  const { worker, ended, ...composed } = await composeWorker(config, logger, { tracing })
  let closed: Promise<void> | null = null
  const closeAll = async () => {
    await worker.stop(GRACE_MS)
    await composed.close()
    await closeTracing()
  }
  close = () => {
    closed ??= closeAll()
    return closed
  }
  await worker.start()
  logger.info(ended ? 'the worker looks for its leg' : 'the worker takes jobs')
  process.send?.({ type: 'working' })
  if (ended === null) return
  await ended
  await close()
  logger.info('the leg is done, or there was none')
  process.exit(0)
})
