/** Curves that are rolled up, thinned, cut back and written again are read as a twin reads them that keeps all points in a map. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MetricQuery } from '../../../src/domain/metric-stores.ts'
import type { Lease, MetricPoint, MetricSeries, RunProgress } from '../../../src/domain/run.ts'
import type { Prng } from '../../../src/math/prng.ts'
import { createTestDatabase, whyNoPostgres } from '../../helpers/postgres.ts'
import { seeded, TEST_SEED } from '../../helpers/seeded.ts'
import { type Bench, openBench } from './databases.ts'
import { aStoredRun, later } from './records.ts'

const ALL: MetricQuery = { keys: null, fromStep: null, toStep: null, maxPoints: 1e9 }
const SIZES = [65_536, 16_384, 4096, 1024, 256, 64, 16, 1]

type Twin = Map<string, Map<number, number>>

/** Lowest and highest by value; of equals the first. NaN is above everything. */
function extremesOf(points: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  const above = (a: number, b: number) => (Number.isNaN(a) ? !Number.isNaN(b) : a > b)
  let [low, high] = [points[0]!, points[0]!]
  for (const point of points) {
    if (above(low[1], point[1])) low = point
    if (above(point[1], high[1])) high = point
  }
  return low === high ? [low] : [low, high].sort((a, b) => a[0] - b[0])
}

/** The rule of docs/metrics.md, from all points. */
function readTwin(twin: Twin, { keys, fromStep, toStep, maxPoints }: MetricQuery): MetricSeries[] {
  const curves = [...twin]
    .filter(([key]) => keys === null || keys.includes(key))
    .map(([key, points]) => ({
      key,
      points: [...points]
        .filter(([step]) => step >= (fromStep ?? 0) && step <= (toStep ?? 2 ** 31))
        .sort(([a], [b]) => a - b)
    }))
    .filter(({ points }) => points.length > 0)
    .sort((a, b) => (a.key < b.key ? -1 : 1))
  const many = curves.filter(({ points }) => points.length > maxPoints)
  const first = Math.min(...many.map(({ points }) => points[0]![0]))
  const end = Math.max(...many.map(({ points }) => points.at(-1)![0])) + 1
  const count = Math.floor(maxPoints / 2)
  const size = SIZES.find((one) => Math.ceil((end - Math.floor(first / one) * one) / one) >= count) ?? 1
  const origin = Math.floor(first / size) * size
  const parts = Math.ceil((end - origin) / size)
  return curves.map(({ key, points }) => {
    const bucket = ([step]: readonly [number, number]) =>
      Math.floor((Math.floor((step - origin) / size) * count) / parts)
    const shown = points.length <= maxPoints ? points : [...Map.groupBy(points, bucket).values()].flatMap(extremesOf)
    return { key, steps: shown.map(([step]) => step), values: shown.map(([, value]) => value) }
  })
}

/** What goes of a curve that is thinned, from the bucket of a step on. */
function thinTwin(twin: Twin, from: number): void {
  for (const points of twin.values()) {
    const last = Math.max(...points.keys())
    const thinned = [...points].filter(([step]) => step >= from - (from % 64)).sort(([a], [b]) => a - b)
    const kept = [...Map.groupBy(thinned, ([step]) => Math.floor(step / 64)).values()].flatMap(extremesOf)
    const steps = new Set([last, ...kept.map(([step]) => step)])
    for (const [step] of thinned) if (!steps.has(step)) points.delete(step)
  }
}

/** One run, written as legs write and read as charts read. */
async function aCurve({ stores, unitOfWork }: Bench) {
  const twin: Twin = new Map()
  const run = await aStoredRun(stores)
  const claimed = await stores.runs.claim(run.id, 'a worker', later(60_000), later(0))
  const lease: Lease = { runId: run.id, epoch: claimed!.leaseEpoch }
  let progress: RunProgress = run.progress
  let fullFrom = 0
  const keep = (points: readonly MetricPoint[]) => {
    for (const { key, step, value } of points) twin.set(key, (twin.get(key) ?? new Map()).set(step, value))
  }
  return {
    twin,
    runId: run.id,
    get step() {
      return progress.step
    },
    async report(points: readonly MetricPoint[], step: number) {
      progress = { ...progress, step }
      await stores.stepReports.write([{ lease, points, progress, imagesPerSecond: null, etaS: null }], later(1e6))
      keep(points)
    },
    async write(points: readonly MetricPoint[]) {
      await stores.metrics.write(run.id, points)
      keep(points)
    },
    async goBack(step: number) {
      progress = { ...progress, step }
      await stores.metrics.removeAfter(run.id, step)
      await stores.runs.update(run.id, { progress })
      for (const [key, points] of [...twin]) {
        for (const one of [...points.keys()]) if (one > step) points.delete(one)
        if (points.size === 0) twin.delete(key)
      }
      fullFrom = Math.min(fullFrom, step + 1)
    },
    async rollUp(pieces: number) {
      for (let i = 0; i < pieces && (await unitOfWork((tx) => tx.metrics.rollUp(run.id))); i++) {}
    },
    async thin() {
      await stores.runs.update(run.id, { finishedAt: later(0) })
      while (await unitOfWork((tx) => tx.metrics.thin(run.id, later(1)))) {}
      await stores.runs.update(run.id, { finishedAt: null })
      if (fullFrom > progress.step) return
      thinTwin(twin, fullFrom)
      fullFrom = 64 * Math.floor(progress.step / 64 + 1)
    },
    async check(query: MetricQuery, message: string) {
      assert.deepEqual(await stores.metrics.read(run.id, query), readTwin(twin, query), message)
      assert.equal(await stores.metrics.fullFrom(run.id), fullFrom, message)
    }
  }
}

/** Values repeat, and some are no numbers: extremes are not unique. */
const drawValue = (draw: Prng): number => {
  const kind = draw.integer(40)
  if (kind === 0) return Number.NaN
  if (kind === 1) return draw.uniform() < 0.5 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY
  return draw.integer(2) === 0 ? draw.integer(5) : draw.normal()
}

function drawPoints(draw: Prng, from: number, steps: number): MetricPoint[] {
  const points: MetricPoint[] = []
  // Long curves are sparse, or the test is slow.
  const every = Math.ceil(steps / 1000)
  for (let step = from + 1; step <= from + steps; step += every) {
    points.push({ key: 'loss', step, value: drawValue(draw) })
    if (draw.integer(9) > 0) points.push({ key: 'kl', step, value: drawValue(draw) })
    if (step % 50 < every) points.push({ key: 'kappa_p50', step, value: drawValue(draw) })
    if (draw.integer(400) === 0) points.push({ key: 'eval/knn_top1_k20', step, value: drawValue(draw) })
  }
  return points
}

function drawQuery(draw: Prng, step: number): MetricQuery {
  const maxPoints = [2, 3, 10, 64, 200, 1000, 1e9][draw.integer(7)]!
  const [a, b] = [draw.integer(step + 70), draw.integer(step + 70)]
  const isPart = draw.integer(2) === 0
  return {
    keys: draw.integer(3) === 0 ? ['loss', 'kappa_p50'] : null,
    fromStep: isPart ? Math.min(a, b) : null,
    toStep: isPart && draw.integer(2) === 0 ? Math.max(a, b) : null,
    maxPoints
  }
}

const skip = await whyNoPostgres()

test('whatever is done to a curve, it is read as if all its points were looked at', { skip }, async (t) => {
  const bench = await openBench(t, createTestDatabase)
  for (let round = 0; round < 2; round++) {
    const draw = seeded(round)
    const curve = await aCurve(bench)
    const done: string[] = []
    for (let i = 0; i < 25; i++) {
      const what = draw.integer(12)
      const { step } = curve
      if (what < 5) {
        const steps = 1 + draw.integer([3, 100, 1000, 40_000][draw.integer(4)]!)
        await curve.report(drawPoints(draw, step, steps), step + steps)
        done.push(`report to ${step + steps}`)
      } else if (what === 5) {
        const at = draw.integer(step + 1)
        await curve.write([{ key: 'eval/label_free_rankme', step: at, value: drawValue(draw) }])
        done.push(`evaluation at ${at}`)
      } else if (what === 6) {
        const at = draw.integer(step + 1)
        await curve.report(drawPoints(draw, at, Math.min(step - at, 70)), step)
        done.push(`again from ${at}`)
      } else if (what === 7) {
        const to = draw.integer(step + 1)
        await curve.goBack(to)
        done.push(`back to ${to}`)
      } else if (what === 8 && draw.integer(3) === 0) {
        await curve.thin()
        done.push('thin')
      } else {
        await curve.rollUp(1 + draw.integer(30))
        done.push('roll up')
      }
      const query = drawQuery(draw, curve.step)
      const message = `seed ${TEST_SEED}, round ${round}: ${done.join(', ')}; ${JSON.stringify(query)}`
      await curve.check(query, message)
    }
    await curve.check(ALL, `seed ${TEST_SEED}, round ${round}: ${done.join(', ')}`)
  }
})
