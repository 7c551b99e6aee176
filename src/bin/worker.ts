/** `npm run worker`: takes runs, ingests and exports from the queue. Any number of them may share one database. */
import { composeWorker, createLogger } from '../composition/compose.ts'
import { readConfig } from '../composition/config.ts'

/** Trainers save a checkpoint and hand their legs back within this. */
const GRACE_MS = 120_000

const config = readConfig(process.env)
const logger = createLogger(config, 'worker')
const { worker, close } = await composeWorker(config, logger)
await worker.start()
logger.info('the worker takes jobs')
process.send?.({ type: 'working' })

let isStopping = false
async function stop(): Promise<void> {
  if (isStopping) return
  isStopping = true
  await worker.stop(GRACE_MS)
  await close()
  process.exit(0)
}
process.on('SIGTERM', stop)
// Under a supervisor Ctrl-C reaches everybody; the supervisor then says who stops first.
process.on('SIGINT', () => void (process.connected || stop()))
process.on('disconnect', stop)
