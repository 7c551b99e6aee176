/**
 * A worker in a process of its own, with the scripted trainer and ingester: for tests that kill it. Its environment comes as JSON, or is that of
 * the process where it is started for one leg.
 */
import { join } from 'node:path'
import { silentLogger } from '../../src/base/log.ts'
import { readConfig } from '../../src/composition/config.ts'
import { ENTRIES } from '../../src/composition/entries.ts'
import { openTracing } from '../../src/composition/tracing.ts'
import { composeWorker } from '../../src/composition/worker.ts'

const GRACE_MS = 10_000

async function main(environment: Readonly<Record<string, string | undefined>>): Promise<void> {
  const [trainer, ingester] = ['fake-trainer.ts', 'fake-ingester.ts'].map((name) => join(import.meta.dirname, name))
  const entries = { ...ENTRIES, trainer: trainer!, ingester: ingester! }
  const config = readConfig(environment)
  const { tracing, close: closeTracing } = await openTracing(config.tracing, 'worker')
  const { worker, ended, close } = await composeWorker(config, silentLogger, { tracing, entries })
  const end = async () => {
    await worker.stop(GRACE_MS)
    await close()
    await closeTracing()
    process.exit(0)
  }
  process.once('SIGTERM', end)
  await worker.start()
  process.send?.('working')
  if (ended === null) return
  await ended
  await end()
}

const [environment] = process.argv.slice(2)
if (process.send && environment) await main(JSON.parse(environment))
else if (process.send && process.env['KAPPA_WORKER_RUN']) await main(process.env)
