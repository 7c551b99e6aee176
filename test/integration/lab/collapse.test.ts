/**
 * Runs that really collapse, on real images: each kind is caught within its number of steps, a healthy run beside it is
 * not. 2,500 images of Fashion-MNIST, the smallest network, one thread.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import { createEngine } from '../../../src/engine/create-engine.ts'
import { ingest } from '../../../src/images/ingest.ts'
import type { AlarmEvent, StepEvent, TrainEvent } from '../../../src/protocol/training-events.ts'
import { resolveRecipe } from '../../../src/recipe/presets.ts'
import type { Hyperparameters, Recipe } from '../../../src/recipe/schema.ts'
import { train } from '../../../src/training/train.ts'

const IMAGES = resolve(import.meta.dirname, '../../../examples/fashion-mnist/t10k-images-idx3-ubyte.gz')

let root: string
let dataset: string
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'kappa-collapse-'))
  dataset = join(root, 'dataset')
  const source = { kind: 'file', path: IMAGES, name: 'images.gz' } as const
  await ingest({ sources: [source], outFolder: dataset, select: { every: 4, offset: 0, invert: false } })
})
after(() => rm(root, { recursive: true, force: true }))

/** 78 steps an epoch. */
function recipe(changes: Partial<Hyperparameters>): Recipe {
  const small = { epochs: 4, batchSize: 32, prototypes: 128, bottleneckDim: 32, headHiddenDim: 128 }
  return resolveRecipe({
    method: 'dino-vmf',
    preset: 'demo',
    arch: 'vit_mu',
    hyperparameters: { ...small, ...changes }
  })
}

async function run(changes: Partial<Hyperparameters>, maxSteps: number): Promise<TrainEvent[]> {
  const outFolder = await mkdtemp(join(root, 'out-'))
  const engine = createEngine({ threads: 1 })
  const events: TrainEvent[] = []
  const options = { recipe: recipe(changes), datasetFolder: dataset, outFolder, engine, clock: systemClock, maxSteps }
  for await (const event of train({ ...options, loaders: 1 })) events.push(event)
  return events
}

const alarmsOf = (events: readonly TrainEvent[]) =>
  events.filter((event): event is AlarmEvent => event.type === 'alarm')

/** Metrics of the last window. */
const lastWindow = (events: readonly TrainEvent[]): Readonly<Record<string, number>> =>
  events.findLast((event): event is StepEvent => event.type === 'step' && 'effective_rank' in event.metrics)!.metrics

// What the runs below have shown: features of an untrained network have a spread of 0.4 to 0.5 here.
const LEAST_HEALTHY_SPREAD = 0.45

test('a healthy run raises no alarm in two epochs, and its features stay apart', async () => {
  const events = await run({}, 156)
  assert.deepEqual(alarmsOf(events), [])
  const { feature_spread, effective_rank, used_prototypes } = lastWindow(events)
  assert.ok(feature_spread! > LEAST_HEALTHY_SPREAD, `feature spread ${feature_spread}`)
  assert.ok(effective_rank! > 5, `effective rank ${effective_rank}`)
  assert.ok(used_prototypes! >= 3, `${used_prototypes} used prototypes`)
})

test('a teacher blunter than the student collapses to uniform assignments and is caught within 60 steps', async () => {
  const [alarm] = alarmsOf(await run({ teacherTemperature: [0.2, 0.2, 0] }, 78))
  assert.equal(alarm?.rule, 'collapse_uniform')
  assert.ok(alarm.step <= 60, `caught at ${alarm.step}`)
})

test('a center that never moves leaves a sharp teacher with few prototypes, caught within 50 steps', async () => {
  const events = await run({ centerMomentum: 1 }, 78)
  const [alarm] = alarmsOf(events)
  assert.equal(alarm?.rule, 'collapse_few')
  assert.ok(alarm.step <= 50, `caught at ${alarm.step}`)
  const { used_prototypes, unique_prototypes, feature_spread } = lastWindow(events)
  assert.ok(used_prototypes! <= 5, `${used_prototypes} used prototypes`)
  assert.ok(unique_prototypes! <= used_prototypes!)
  assert.ok(feature_spread! < LEAST_HEALTHY_SPREAD, `feature spread ${feature_spread}`)
})
