/** Set-up of files that train: a workbench of their own, which is looked at after every test for what a leg must not leave. */
import assert from 'node:assert/strict'
import { after, afterEach } from 'node:test'
import type { Machine } from '../../../src/base/devices.ts'
import type { Run } from '../../../src/domain/run.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { createWorkbench, type Workbench } from './workbench.ts'

export const skip = await whyNoPostgres()

export const by = (machine: Machine, worker = 'a worker') => ({ worker, machine })

/** @returns the workbench of a test file; undefined where every test of it is skipped */
export async function legBench(): Promise<Workbench> {
  if (skip !== false) return undefined as unknown as Workbench
  const bench = await createWorkbench({ after })
  afterEach(async () => {
    const exits = await Promise.all(bench.trainers.map(({ exited }) => exited))
    assert.equal(exits.length, bench.trainers.length, 'no trainer is left')
    assert.deepEqual(bench.leftovers(), [], 'no temporary folder is left')
    bench.objects.intercept = () => {}
    bench.jobs.length = 0
  })
  return bench
}

export async function finalHash(bench: Workbench, run: Run): Promise<string | undefined> {
  const { latestCheckpointId } = await bench.load(run)
  return (await bench.stores.checkpoints.load(latestCheckpointId ?? ''))?.stateHash
}

/** Real processes have no clock to move: asks again until it holds. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 180_000
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('it did not come true within 3 minutes')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
