import type { Hyperparameters } from '../schema.ts'
import { IMAGENET, type Preset, publishedIbot } from './preset.ts'

/** DINO's multi-crop with ten local crops, at the shares of the area that the models were trained with. */
const multiCrop = (global: [number, number], local: [number, number]): Hyperparameters['crops'] => ({
  global: { count: 2, size: 224, scale: global },
  local: { count: 10, size: 96, scale: local },
  aspectRatio: [3 / 4, 4 / 3],
  interpolation: 'bicubic'
})

/**
 * ViT-S/16 on ImageNet, 800 epochs, 1,024 images a batch; none of the four was run here.
 *
 * dino      as published. Minimal learning rate 1e-5 and clipping off: the maintainers' configuration in
 *           facebookresearch/dino#122; the rest: its README and argument parser. 74.5 k-NN, 77.0 linear top-1.
 * dino-vmf  the same with free norms, log C_p and probability centering; 77.0 linear (arXiv 2405.10939).
 * ibot      the command of bytedance/ibot's README: K = 8,192, clipping at 3, minimal learning rate 1e-6 (its default), both
 *           temperatures 0.04 → 0.07 over 30 epochs. 75.2 k-NN, 77.9 linear.
 * ibot-vmf  the same with what vMF changes; its authors give no figure for this size that we could read.
 */
export const vitSmall16: Preset = {
  arch: 'vit_small',
  patchSize: 16,
  dinoNormalizesLastLayer: false,
  hyperparameters: {
    epochs: 800,
    batchSize: 1024,
    prototypes: 65_536,
    bottleneckDim: 256,
    headHiddenDim: 2048,
    centerMomentum: 0.9,
    studentTemperature: 0.1,
    teacherTemperature: [0.04, 0.07, 30],
    teacherMomentum: [0.996, 1],
    learningRate: 5e-4,
    learningRateScaling: 'linear',
    minLearningRate: 1e-5,
    warmupEpochs: 10,
    weightDecay: [0.04, 0.4],
    clipGrad: 0,
    freezeLastLayerEpochs: 1,
    dropPath: 0.1,
    initStd: 0.02,
    channels: 3,
    crops: multiCrop([0.25, 1], [0.05, 0.25]),
    augmentation: {
      flip: 0.5,
      jitter: { probability: 0.8, brightness: 0.4, contrast: 0.4, saturation: 0.2, hue: 0.1 },
      grayscale: 0.2,
      blur: { probability: [1, 0.1, 0.5], sigma: [0.1, 2] },
      solarize: 0.2
    },
    normalization: IMAGENET
  },
  ibot: { prototypes: 8192, minLearningRate: 1e-6, clipGrad: 3, ibot: publishedIbot([0.04, 0.07, 30]) }
}

/**
 * ViT-B/16 on ImageNet, 400 epochs, 1,024 images a batch; none of the four was run here.
 *
 * dino      as published: all prototype norms fixed at 1, clipping at 0.3, last layer frozen for 3 epochs, temperature warm-up
 *           over 50. 76.1 k-NN, 78.2 linear top-1.
 * dino-vmf  the same with free norms, log C_p and probability centering; 78.8 linear (arXiv 2405.10939).
 * ibot      K = 8,192, crops 0.32 … 1 and 0.05 … 0.32, both temperatures 0.04 → 0.07 over 50 epochs: the arguments that
 *           third parties quote for the released model (SERE's README, mahmoodlab/UNI#47). 77.1 k-NN, 79.5 linear.
 * ibot-vmf  the same with what vMF changes; 80.3 linear.
 */
export const vitBase16: Preset = {
  arch: 'vit_base',
  patchSize: 16,
  dinoNormalizesLastLayer: true,
  hyperparameters: {
    ...vitSmall16.hyperparameters,
    epochs: 400,
    teacherTemperature: [0.04, 0.07, 50],
    learningRate: 7.5e-4,
    minLearningRate: 2e-6,
    clipGrad: 0.3,
    freezeLastLayerEpochs: 3
  },
  ibot: { prototypes: 8192, crops: multiCrop([0.32, 1], [0.05, 0.32]), ibot: publishedIbot([0.04, 0.07, 50]) }
}
