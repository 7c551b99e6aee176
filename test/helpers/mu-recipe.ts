import type { Recipe } from '../../src/recipe/schema.ts'

type Hyperparameters = Recipe['hyperparameters']

/** The smallest network on 8-pixel gray images: steps take milliseconds. */
export function muRecipe(
  changes: Partial<Hyperparameters> = {},
  recipe: Partial<Omit<Recipe, 'hyperparameters'>> = {}
): Recipe {
  return {
    preset: 'mu',
    method: 'dino-vmf',
    arch: 'vit_mu',
    patchSize: 4,
    seed: 3,
    ...recipe,
    hyperparameters: {
      epochs: 2,
      batchSize: 8,
      prototypes: 16,
      bottleneckDim: 16,
      headHiddenDim: 24,
      normalizeLastLayer: false,
      centering: 'probability',
      centerMomentum: 0.9,
      studentTemperature: 0.1,
      teacherTemperature: [0.04, 0.05, 1],
      teacherMomentum: [0.98, 0.99],
      learningRate: 1e-3,
      learningRateScaling: 'none',
      minLearningRate: 1e-5,
      warmupEpochs: 1,
      weightDecay: [0.04, 0.2],
      clipGrad: 3,
      freezeLastLayerEpochs: 1,
      dropPath: 0.1,
      initStd: 0.06,
      channels: 1,
      crops: {
        global: { count: 2, size: 8, scale: [0.7, 1] },
        local: { count: 1, size: 4, scale: [0.3, 0.7] },
        aspectRatio: [0.8, 1.25],
        interpolation: 'bilinear'
      },
      augmentation: {
        flip: 0.5,
        jitter: { probability: 0.8, brightness: 0.3, contrast: 0.3, saturation: 0, hue: 0 },
        grayscale: 0,
        blur: { probability: [0.3, 0.1, 0.1], sigma: [0.3, 1] },
        solarize: 0
      },
      normalization: { mean: [0.5], std: [0.25] },
      ...changes
    }
  }
}
