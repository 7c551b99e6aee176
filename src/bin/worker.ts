/** `npm run worker`: takes runs, ingests and exports from the queue. Any number of them may share one database. */
import { createLogger } from '../composition/clients.ts'
import { readConfig } from '../composition/config.ts'
import { composeWorker } from '../composition/worker.ts'
import { onStop } from '../processes/on-stop.ts'

/** Trainers save a checkpoint and hand their legs back within this. */
const GRACE_MS = 120_000

const config = readConfig(process.env)
const logger = createLogger(config, 'worker')
const { worker, close } = await composeWorker(config, logger)
await worker.start()
logger.info('the worker takes jobs')
process.send?.({ type: 'working' })

onStop(async () => {
  await worker.stop(GRACE_MS)
  await close()
})
