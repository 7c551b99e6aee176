import { demo } from './demo.ts'
import type { Preset } from './preset.ts'

/** For tests: one epoch of a few dozen images takes seconds, every part of the method takes part. Learns nothing. */
export const mu: Preset = {
  arch: 'vit_mu',
  patchSize: 4,
  dinoNormalizesLastLayer: true,
  hyperparameters: {
    ...demo.hyperparameters,
    epochs: 1,
    batchSize: 8,
    prototypes: 32,
    bottleneckDim: 16,
    headHiddenDim: 32,
    warmupEpochs: 0,
    dropPath: 0.1,
    crops: {
      ...demo.hyperparameters.crops,
      global: { count: 2, size: 16, scale: [0.7, 1] },
      local: { count: 2, size: 8, scale: [0.3, 0.7] }
    }
  },
  ibot: demo.ibot
}
