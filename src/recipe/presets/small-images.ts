import { demo } from './demo.ts'
import { IMAGENET, type Preset } from './preset.ts'

/**
 * A starting point for colour images of 28 to 64 pixels. Not run here: temperatures, crops and blur are those that the
 * demo's experiments found for small images, the optimizer is DINO's, K is small because reports of DINO on small sets
 * (facebookresearch/dino issues 246, 279) had to make it so. iBOT's part is the demo's.
 */
export const smallImages: Preset = {
  arch: 'vit_tiny',
  patchSize: 4,
  dinoNormalizesLastLayer: true,
  hyperparameters: {
    ...demo.hyperparameters,
    epochs: 200,
    batchSize: 256,
    prototypes: 4096,
    bottleneckDim: 256,
    headHiddenDim: 1024,
    teacherMomentum: [0.99, 1],
    learningRate: 5e-4,
    learningRateScaling: 'linear',
    minLearningRate: 1e-6,
    warmupEpochs: 10,
    weightDecay: [0.04, 0.4],
    freezeLastLayerEpochs: 1,
    dropPath: 0.1,
    initStd: 0.02,
    channels: 3,
    crops: {
      global: { count: 2, size: 32, scale: [0.5, 1] },
      local: { count: 4, size: 16, scale: [0.2, 0.5] },
      aspectRatio: [3 / 4, 4 / 3],
      interpolation: 'bicubic'
    },
    augmentation: {
      flip: 0.5,
      jitter: { probability: 0.8, brightness: 0.4, contrast: 0.4, saturation: 0.2, hue: 0.1 },
      grayscale: 0.2,
      blur: { probability: [0.5, 0.1, 0.25], sigma: [0.1, 1] },
      solarize: 0.2
    },
    normalization: IMAGENET
  },
  ibot: demo.ibot
}
