/** What a trainer takes of its machine, read beside a real one: there for whoever looks, and nowhere in what it learns. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import { silentLogger } from '../../../src/base/log.ts'
import type { MetricSeries, Run } from '../../../src/domain/run.ts'
import { startTrainer } from '../../../src/processes/trainer-process.ts'
import { METRICS } from '../../../src/protocol/metrics.ts'
import { muRecipe } from '../../helpers/mu-recipe.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { writeTinyDataset } from '../../helpers/tiny-dataset.ts'
import { createWorkbench } from './workbench.ts'

const skip = (await whyNoPostgres()) || (process.platform !== 'linux' && 'no /proc')
const entry = join(import.meta.dirname, '../../../src/bin/trainer.ts')
const STEPS = 100
/** Of the clock, and so another in every run. */
const TIMED = ['images_per_second', 'data_wait_share']

test('usage is read with steps, kept with checkpoints, and changes nothing that is learned', { skip }, async (t) => {
  const bench = await createWorkbench({ after: (hook) => t.after(hook) })
  const folder = await writeTinyDataset(join(bench.root, 'tiny'))
  const pids: number[] = []
  const task = (usageEveryMs: number) =>
    bench.trainRun({
      usageEveryMs,
      threads: 1,
      startTrainer: (request) => {
        const trainer = startTrainer(request, { entry, clock: systemClock, logger: silentLogger })
        pids.push(trainer.pid ?? 0)
        return trainer
      }
    })
  const addRun = async () => {
    const checkpoint = { everyS: 0.2, keepLast: 2 }
    const run = await bench.addRun({}, { recipe: muRecipe({ epochs: 20 }), checkpoint })
    await bench.fillDataset(run, folder)
    return run
  }
  const curvesOf = async (run: Run, toStep: number | null = null) => {
    const all = { keys: null, fromStep: null, toStep, maxPoints: 2 * STEPS }
    const read: readonly MetricSeries[] = await bench.stores.metrics.read(run.id, all)
    return new Map(read.map(({ key, steps, values }) => [key, { steps, values }]))
  }
  const learned = (curves: Awaited<ReturnType<typeof curvesOf>>) =>
    [...curves].filter(([key]) => !key.startsWith('system/') && !TIMED.includes(key)).sort()

  const unwatched = await addRun()
  await bench.workAll(unwatched, task(Number.POSITIVE_INFINITY))
  const watched = await addRun()
  const working = bench.workAll(watched, task(0))
  while ((await bench.completeCheckpoints(watched)).length === 0) await new Promise((done) => setTimeout(done, 10))
  const committed = (await bench.completeCheckpoints(watched)).at(-1)!.step
  process.kill(pids.at(-1)!, 'SIGKILL')
  await working

  const [with_, without] = [await curvesOf(watched), await curvesOf(unwatched)]
  assert.equal((await bench.load(watched)).status, 'succeeded')
  assert.deepEqual(
    [...without.keys()].filter((key) => key.startsWith('system/')),
    []
  )
  assert.deepEqual(learned(with_), learned(without), 'whoever is watched learns the same')
  const [last, other] = [(await bench.completeCheckpoints(watched))[0], (await bench.completeCheckpoints(unwatched))[0]]
  assert.equal(last?.stateHash, other?.stateHash)
  assert.deepEqual(
    Object.keys(last?.metrics ?? {}).filter((key) => key.startsWith('system/')),
    []
  )
  const early = (await curvesOf(watched, committed)).get('system/memory_bytes')
  const before = Array.from({ length: committed }, (_, i) => i + 1)
  assert.deepEqual(early?.steps, before, 'the points up to a checkpoint are kept with it')

  const valuesOf = (key: string) => with_.get(`system/${key}`)?.values ?? []
  const known = new Set(METRICS.map(({ name }) => name))
  for (const key of with_.keys()) assert.ok(known.has(key), key)
  assert.ok(valuesOf('cpu_share').some((share) => share > 0))
  assert.ok(valuesOf('machine_cpu_share').every((share) => share >= 0 && share <= 1))
  const [resident, peak] = [valuesOf('memory_bytes'), valuesOf('memory_peak_bytes')]
  assert.ok(resident.length > STEPS / 2 && resident.every((bytes, i) => bytes > 2e7 && bytes <= peak[i]!))
  const told = (await bench.eventsOf(watched, 'progress')).flatMap(({ data }) => Object.keys(data['metrics'] ?? {}))
  assert.ok(told.includes('loss') && !told.some((key) => key.startsWith('system/')), 'events tell of training alone')
})
