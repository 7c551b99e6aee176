import { systemClock } from '../../../src/base/clock.ts'
import { createEngine } from '../../../src/engine/create-engine.ts'
import { METRICS } from '../../../src/protocol/metrics.ts'
import type { CheckpointEvent, TrainEvent } from '../../../src/protocol/training-events.ts'
import { type TrainOptions, train } from '../../../src/training/train.ts'
import { muRecipe } from '../../helpers/mu-recipe.ts'
import { compileQuickly, withXla } from '../../helpers/xla.ts'
import { collect, type LabFolder } from './lab-folder.ts'

/** 40 images in batches of 8: 5 steps an epoch. */
export const STEPS_PER_EPOCH = 5

compileQuickly()

export const engine = createEngine({ threads: 1 })
export const engines = await withXla([engine])

export async function run(lab: LabFolder, out: string, options: Partial<TrainOptions> = {}): Promise<TrainEvent[]> {
  const recipe = muRecipe()
  const folders = { datasetFolder: lab.dataset, outFolder: lab.at(out) }
  return collect(train({ recipe, engine, clock: systemClock, loaders: 1, ...folders, ...options }))
}

export const ofType = <T extends TrainEvent['type']>(events: readonly TrainEvent[], type: T) =>
  events.filter((event): event is Extract<TrainEvent, { type: T }> => event.type === type)

export const lastCheckpoint = (events: readonly TrainEvent[]): CheckpointEvent => ofType(events, 'checkpoint').at(-1)!

/** Metrics without the ones that depend on the time of day. */
export const numbersOf = (events: readonly TrainEvent[]): (readonly [number, Record<string, number>])[] =>
  ofType(events, 'step').map(({ step, metrics }) => {
    const { images_per_second: _rate, data_wait_share: _wait, ...numbers } = metrics
    return [step, numbers]
  })

/** What the registry says that such a recipe reports. */
export const expectedMetrics = (only: readonly string[], occasions: readonly string[]): string[] =>
  METRICS.filter((one) => occasions.includes(one.occasion) && (one.only === undefined || only.includes(one.only)))
    .map(({ name }) => name)
    .sort()
