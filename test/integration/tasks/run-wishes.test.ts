/**
 * What a run wishes beside its recipe is stored and said again, and would be so if nobody obeyed it. Here a worker trains runs
 * whose records note what is read of them: every wish of the document must be, by more than a copy.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { keysToCamel } from '../../../src/base/casing.ts'
import { systemClock } from '../../../src/base/clock.ts'
import type { Run } from '../../../src/domain/run.ts'
import { Alarm, CheckpointPolicy, ComputeWish } from '../../../src/http/schemas/run.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { recordReads } from '../../helpers/recorded-reads.ts'
import { createWorkbench, type Workbench } from './workbench.ts'

const skip = await whyNoPostgres()

const namesOf = ({ properties }: { readonly properties: object }): string[] =>
  Object.keys(keysToCamel(properties) as object)

/** All that `POST /v1/runs` takes of them. */
const WISHES = [
  ...namesOf(ComputeWish).map((name) => `/compute/${name}`),
  ...namesOf(CheckpointPolicy).map((name) => `/checkpoint/${name}`),
  ...namesOf(Alarm).map((name) => `/alarms/${name}`),
  '/evaluation/everyEpochs'
]

const cleanUps: (() => Promise<void>)[] = []
const reads = new Set<string>()
let bench: Workbench

const seen = (run: Run): Run => ({
  ...run,
  compute: recordReads(run.compute, reads, '/compute'),
  checkpoint: recordReads(run.checkpoint, reads, '/checkpoint'),
  alarms: recordReads(run.alarms, reads, '/alarms'),
  evaluation: run.evaluation && recordReads(run.evaluation, reads, '/evaluation')
})

before(async () => {
  if (skip !== false) return
  bench = await createWorkbench({ after: (hook) => void cleanUps.unshift(hook) }, systemClock, seen)
})

after(async () => {
  for (const cleanUp of cleanUps) await cleanUp()
})

test('a worker obeys every wish of a run', { skip }, async () => {
  const bank = { datasetId: (await bench.addRun({})).datasetId, version: 1 }
  const wishes = {
    compute: { device: 'cpu', devices: 1, maxRuntimeS: 86_400, priority: 3 },
    checkpoint: { everyS: 900, keepLast: 2, keepEveryEpochs: 1 },
    alarms: [{ rule: 'collapse', action: 'notify' }],
    evaluation: { id: null, bank, queries: null, protocols: ['knn'], settings: { seed: 0 }, everyEpochs: 1 }
  } as const
  // One that is queued again, for its priority; one that raises an alarm.
  const onceMarker = join(bench.root, 'killed')
  const killed = await bench.addRun({ totalSteps: 20, at: 6, how: 'kill', onceMarker }, wishes)
  const alarming = await bench.addRun({ totalSteps: 8, at: 5, how: 'alarm' }, wishes)
  for (const run of [killed, alarming]) {
    await bench.workAll(run)
    assert.equal((await bench.load(run)).status, 'succeeded')
  }
  assert.deepEqual(
    WISHES.filter((wish) => !reads.has(wish)),
    []
  )
})

test('a wish that is copied and written down only is not obeyed', () => {
  const seldom = new Set<string>()
  const compute = recordReads({ device: 'gpu', colour: 'red' }, seldom)
  const alarms = recordReads([{ rule: 'collapse', action: 'notify' }], seldom, '/alarms')
  const stored = { compute: { ...compute }, alarms: alarms.map((alarm) => ({ ...alarm })) }
  JSON.stringify([compute, alarms, stored, Object.entries(compute)])
  const obeyed = () => ['/device', '/colour', '/alarms/rule', '/alarms/action'].filter((at) => seldom.has(at))
  assert.deepEqual(obeyed(), [])
  assert.ok(compute.colour === 'red' && alarms.some(({ rule }) => rule === 'collapse'))
  assert.deepEqual(obeyed(), ['/colour', '/alarms/rule'])
})
