/**
 * A schedule for going on: the preset's is made for weights that know nothing.
 *
 * Record (bench/RESULTS.md, "going on from weights"; Fashion-MNIST, kNN top-1, one seed, ± 2.8): from 72.6 two epochs end at 74.4
 * with a taken head, at 75.3 with a seeded and at 74.9 with a new one; no run ended below its start. The whole learning rate
 * did as well there, after four epochs of training; the quarter is for weights that were trained for long, and was not tried on them.
 * A longer freeze of the last layer and a slower teacher changed nothing: both stay the preset's. That a taken head begins at the
 * end of the temperature's schedule could not be measured, as the demo's has none.
 */
import type { InitHead } from './init-record.ts'
import type { Hyperparameters, Ibot } from './schema.ts'

export interface Continued
  extends Pick<Hyperparameters, 'learningRate' | 'warmupEpochs' | 'freezeLastLayerEpochs' | 'teacherTemperature'> {
  readonly ibot?: Pick<Ibot, 'patchTeacherTemperature'>
}

/** Of the preset's learning rate. */
const LEARNING_RATE = 0.25
const WARMUP_EPOCHS = 1

/** @param h of the preset, with the epochs that are asked for */
export function continued(h: Hyperparameters, head: InitHead): Continued {
  const { epochs, ibot } = h
  return {
    learningRate: h.learningRate * LEARNING_RATE,
    warmupEpochs: Math.min(WARMUP_EPOCHS, h.warmupEpochs, epochs),
    freezeLastLayerEpochs: Math.min(h.freezeLastLayerEpochs, epochs),
    teacherTemperature: temperatures(h.teacherTemperature, head, epochs),
    ...(ibot && { ibot: { patchTeacherTemperature: temperatures(ibot.patchTeacherTemperature, head, epochs) } })
  }
}

type Temperatures = Hyperparameters['teacherTemperature']

/** A head that is taken knows the end of the schedule already; for another it is not longer than the run. */
const temperatures = ([start, end, warmup]: Temperatures, head: InitHead, epochs: number): Temperatures =>
  head === 'taken' ? [end, end, 0] : [start, end, Math.min(warmup, epochs)]
