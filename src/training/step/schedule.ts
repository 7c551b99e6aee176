/** Everything of one step that changes over a run, as functions of the position alone: resuming needs no memory. */
import { cosine, warmupConstant, warmupCosine } from '../../math/schedules.ts'
import type { Em, Hyperparameters, Ibot, Recipe } from '../../recipe/schema.ts'
import type { StepSchedule } from './feeds.ts'
import type { EmSchedule } from './scalars.ts'

/** The batch that DINO's `linear` learning rate is stated for. */
const REFERENCE_BATCH = 256

/**
 * @param step steps already done, so 0 is the first: its learning rate is 0 when there is a warm-up, as in DINO
 */
export function scheduleAt(recipe: Recipe, step: number, stepsPerEpoch: number): StepSchedule {
  const h = recipe.hyperparameters
  const length = h.epochs * stepsPerEpoch
  const epoch = Math.floor(step / stepsPerEpoch)
  const scaling = h.learningRateScaling === 'linear' ? h.batchSize / REFERENCE_BATCH : 1
  const frozenSteps = h.freezeLastLayerEpochs * stepsPerEpoch
  return {
    step,
    learningRate: warmupCosine(
      { warmup: h.warmupEpochs * stepsPerEpoch, peak: h.learningRate * scaling, end: h.minLearningRate, length },
      step
    ),
    weightDecay: cosine({ start: h.weightDecay[0], end: h.weightDecay[1], length }, step),
    teacherMomentum: cosine({ start: h.teacherMomentum[0], end: h.teacherMomentum[1], length }, step),
    // Constant within an epoch, unlike everything else (method notes, 2.6).
    teacherTemperature: temperatureAt(h.teacherTemperature, epoch),
    ...(h.ibot ? { patchTeacherTemperature: patchTemperatureAt(h.ibot, epoch) } : {}),
    freezeLastLayer: step < frozenSteps,
    adamStep: step + 1,
    // AdamW skips parameters without a gradient, so the last layer's bias correction counts its own steps.
    adamLastLayerStep: Math.max(0, step + 1 - frozenSteps),
    ...(h.em ? { em: emAt(h.em, step, step < frozenSteps) } : {})
  }
}

/** The first steps are averaged evenly, so that the average does not begin at nothing: the n-th counts 1/n until that is the rate. */
const emAt = ({ rate, pull }: Em, step: number, isFrozen: boolean): EmSchedule => ({
  rate: Math.max(rate, 1 / (step + 1)),
  pull: isFrozen ? 0 : pull
})

function temperatureAt([start, end, warmup]: Hyperparameters['teacherTemperature'], epoch: number): number {
  return warmupConstant({ start, end, warmup }, epoch)
}

/** The warm-up waits for the first mask, at its first value (bytedance/ibot da316d8, iBOTLoss). */
const patchTemperatureAt = ({ patchTeacherTemperature, masks }: Ibot, epoch: number): number =>
  temperatureAt(patchTeacherTemperature, Math.max(0, epoch - masks.startEpoch))
