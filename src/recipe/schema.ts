/**
 * A recipe is everything a run is told to do, fully resolved: data, not behaviour. Field names are those of the API
 * (camelCase here, snake_case on the wire). Sources of the ranges: DINO's argument parser and method notes.
 */
import { type Static, Type } from 'typebox'
import { MOST_BANDS } from './bands.ts'
import { BITS } from './bits.ts'

export const METHODS = ['dino', 'dino-vmf', 'ibot', 'ibot-vmf'] as const
export const ARCHS = ['vit_mu', 'vit_nano', 'vit_tiny', 'vit_small', 'vit_base', 'vit_large'] as const
export const CENTERINGS = ['logit', 'probability', 'probability-ema', 'sinkhorn'] as const
export const POSITIONS = ['learned', 'rotary'] as const
export const FEED_FORWARDS = ['gelu', 'swiglu'] as const
export const MASK_SHAPES = ['block', 'random'] as const

const closed = { additionalProperties: false } as const
const probability = () => Type.Number({ minimum: 0, maximum: 1 })
const range = (minimum: number, maximum: number) =>
  Type.Tuple([Type.Number({ minimum, maximum }), Type.Number({ minimum, maximum })])

/** `size` in pixels, square; `scale` is the share of the image's area that a crop covers. */
const CropSpec = (maximumCount: number) =>
  Type.Object(
    {
      count: Type.Integer({ minimum: 0, maximum: maximumCount }),
      size: Type.Integer({ minimum: 4, maximum: 1024 }),
      scale: range(0.001, 1)
    },
    closed
  )

export const Crops = Type.Object(
  {
    global: CropSpec(2),
    local: CropSpec(32),
    aspectRatio: range(0.1, 10),
    interpolation: Type.Enum(['bilinear', 'bicubic'])
  },
  closed
)

/** Probabilities and strengths as in DINO's DataAugmentationDINO; blur and solarize differ by crop. */
export const Augmentation = Type.Object(
  {
    flip: probability(),
    jitter: Type.Object(
      {
        probability: probability(),
        brightness: Type.Number({ minimum: 0, maximum: 1 }),
        contrast: Type.Number({ minimum: 0, maximum: 1 }),
        saturation: Type.Number({ minimum: 0, maximum: 1 }),
        hue: Type.Number({ minimum: 0, maximum: 0.5 })
      },
      closed
    ),
    grayscale: probability(),
    blur: Type.Object(
      {
        /** Probability on global crop 1, global crop 2 and local crops. */
        probability: Type.Tuple([probability(), probability(), probability()]),
        /** Standard deviation in pixels, drawn uniformly. */
        sigma: range(0.01, 10)
      },
      closed
    ),
    /** On global crop 2 only. */
    solarize: probability()
  },
  closed
)

/** Per channel, on pixels scaled to 0…1. */
export const Normalization = Type.Object(
  {
    mean: Type.Array(Type.Number({ minimum: 0, maximum: 1 }), { minItems: 1, maxItems: MOST_BANDS }),
    std: Type.Array(Type.Number({ minimum: 0.001, maximum: 1 }), { minItems: 1, maxItems: MOST_BANDS })
  },
  closed
)

/** Start, end, warm-up epochs: linear per epoch, then constant. */
const temperatureSchedule = () =>
  Type.Tuple([
    Type.Number({ minimum: 0.001, maximum: 10 }),
    Type.Number({ minimum: 0.001, maximum: 10 }),
    Type.Integer({ minimum: 0, maximum: 100_000 })
  ])

/** Which patches of the student's global crops are hidden, drawn for each crop by itself. */
export const Masks = Type.Object(
  {
    /** Rectangles as in BEiT, or single patches anywhere. */
    shape: Type.Enum([...MASK_SHAPES]),
    /** That a crop has a mask at all; iBOT's list of two ratios with 0 as the first is 0.5. */
    probability: probability(),
    /** Share of the patches that a mask hides: uniform in ratio ± ratioVariance (iBOT's pred_ratio, pred_ratio_var). */
    ratio: probability(),
    ratioVariance: probability(),
    /** Nothing is hidden before. */
    startEpoch: Type.Integer({ minimum: 0, maximum: 100_000 })
  },
  closed
)

/** What iBOT adds to DINO; part of a recipe exactly when its method is ibot or ibot-vmf. */
export const Ibot = Type.Object(
  {
    masks: Masks,
    /** Rows of the patches' own last layer; null lets them share the class token's. */
    patchPrototypes: Type.Union([Type.Integer({ minimum: 2, maximum: 1_048_576 }), Type.Null()]),
    /** As teacherTemperature, for patches; its warm-up begins at the masks' first epoch. */
    patchTeacherTemperature: temperatureSchedule(),
    patchCenterMomentum: Type.Number({ minimum: 0, maximum: 1 }),
    /** Factors of the two losses. */
    clsLossWeight: Type.Number({ minimum: 0, maximum: 100 }),
    patchLossWeight: Type.Number({ minimum: 0, maximum: 100 })
  },
  closed
)

export const Koleo = Type.Object(
  {
    /** On the student's class tokens of each global crop; DINOv2 takes 0.1. */
    features: Type.Number({ minimum: 0, maximum: 100 }),
    /** On prototypes (arXiv 2410.14060); a step then costs 4 K² bottleneckDim operations more. */
    prototypes: Type.Number({ minimum: 0, maximum: 100 })
  },
  closed
)

/** Gram anchoring (ssl/gram.ts): patches of an image shall stay as alike as the anchor sees them. */
export const Gram = Type.Object(
  {
    /** DINOv3 takes 2. */
    weight: Type.Number({ exclusiveMinimum: 0, maximum: 1000 }),
    /** teacher: of the same step. start: the weights that the run began with, for runs with an init. */
    anchor: Type.Enum(['teacher', 'start'])
  },
  closed
)

/** Prototypes by expectation-maximization on the teacher's vectors (ssl/online-em.ts). */
export const Em = Type.Object(
  {
    /** Share of a step's images in the average that an M-step is made of; 0.02 remembers fifty steps. */
    rate: Type.Number({ exclusiveMinimum: 0, maximum: 1 }),
    /** How far a step moves prototypes to their M-step: 1 replaces the gradient's, less goes between both. */
    pull: Type.Number({ exclusiveMinimum: 0, maximum: 1 }),
    /** What decides the norms, and with them kappa: the gradient, or the M-step's ratios. */
    kappa: Type.Enum(['gradient', 'fitted'])
  },
  closed
)

export const Hyperparameters = Type.Object(
  {
    /** 0 trains nothing and publishes the untrained network: the baseline of every comparison. */
    epochs: Type.Integer({ minimum: 0, maximum: 100_000 }),
    batchSize: Type.Integer({ minimum: 1, maximum: 65_536 }),
    /** Parts of the batch that are computed one after the other, for batches larger than the memory; left out, 1. */
    accumulationSteps: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_536 })),
    /** K: rows of the head's last layer. */
    prototypes: Type.Integer({ minimum: 2, maximum: 1_048_576 }),
    /** p: dimension of the unit sphere on which the mixture lives. */
    bottleneckDim: Type.Integer({ minimum: 2, maximum: 4096 }),
    headHiddenDim: Type.Integer({ minimum: 1, maximum: 16_384 }),
    /** Fixes every prototype's norm at 1 (DINO's norm_last_layer). */
    normalizeLastLayer: Type.Boolean(),
    /**
     * logit: DINO's. probability: DINO-vMF's, an average of log mean probabilities. probability-ema: the log of averaged
     * probabilities. sinkhorn: none, the batch is spread evenly over the prototypes (SwAV, DINOv2).
     */
    centering: Type.Enum([...CENTERINGS]),
    centerMomentum: Type.Number({ minimum: 0, maximum: 1 }),
    studentTemperature: Type.Number({ minimum: 0.001, maximum: 10 }),
    teacherTemperature: temperatureSchedule(),
    /** Start and end of a cosine over all steps. */
    teacherMomentum: range(0, 1),
    /** Peak. With `linear` scaling it is per 256 images of batch. */
    learningRate: Type.Number({ minimum: 0, maximum: 10 }),
    learningRateScaling: Type.Enum(['linear', 'none']),
    minLearningRate: Type.Number({ minimum: 0, maximum: 10 }),
    warmupEpochs: Type.Integer({ minimum: 0, maximum: 100_000 }),
    weightDecay: range(0, 10),
    /** Whether prototype norms, and with them kappa, decay as other weights do; left out, they do. */
    decayPrototypeNorms: Type.Optional(Type.Boolean()),
    /** Weights of KoLeo, which keeps neighbors apart; left out, 0. */
    koleo: Type.Optional(Koleo),
    /** Left out, gradients alone move prototypes. */
    em: Type.Optional(Em),
    /** Left out, patches are free. */
    gram: Type.Optional(Gram),
    /**
     * Shares of an embedding's dimensions that shall serve by themselves, such as 1/2 and 1/4: from its first dimensions alone
     * the student predicts the teacher too. Left out, all dimensions are needed.
     */
    nested: Type.Optional(
      Type.Array(Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1 }), { minItems: 1, maxItems: 4 })
    ),
    /** Largest norm of one parameter's gradient; 0 switches clipping off. */
    clipGrad: Type.Number({ minimum: 0, maximum: 1000 }),
    freezeLastLayerEpochs: Type.Integer({ minimum: 0, maximum: 100_000 }),
    /** Stochastic depth of the last block, growing linearly from 0 at the first; student only. */
    dropPath: Type.Number({ minimum: 0, maximum: 0.9 }),
    /** Standard deviation of the truncated normal that initializes weights. */
    initStd: Type.Number({ minimum: 0.0001, maximum: 1 }),
    /** Where a patch is: learned numbers that are added to it, or rotations of queries and keys (DINOv3); left out, learned. */
    positions: Type.Optional(Type.Enum([...POSITIONS])),
    /** Between attention and attention: GELU's two layers, or SwiGLU's gated ones (DINOv2's ViT-g); left out, gelu. */
    feedForward: Type.Optional(Type.Enum([...FEED_FORWARDS])),
    /** Learned tokens that belong to no patch and that nothing is said of (arXiv 2309.16588; DINOv2 takes 4); left out, 0. */
    registers: Type.Optional(Type.Integer({ minimum: 0, maximum: 64 })),
    /** 1 trains on gray images, 3 on colour; images of the other kind are converted. Others are the bands of the dataset. */
    channels: Type.Integer({ minimum: 1, maximum: MOST_BANDS }),
    /** That the samples of 16-bit PNG and TIFF hold: 2^bits becomes white. Left out, 16. */
    bits: Type.Optional(Type.Enum([...BITS])),
    crops: Crops,
    augmentation: Augmentation,
    normalization: Normalization,
    ibot: Type.Optional(Ibot)
  },
  closed
)

export const Recipe = Type.Object(
  {
    preset: Type.String({ minLength: 1, maxLength: 64 }),
    method: Type.Enum([...METHODS]),
    arch: Type.Enum([...ARCHS]),
    patchSize: Type.Integer({ minimum: 1, maximum: 64 }),
    seed: Type.Integer({ minimum: 0, maximum: 0xffffffff }),
    hyperparameters: Hyperparameters
  },
  closed
)

export type Method = (typeof METHODS)[number]
export type Arch = (typeof ARCHS)[number]
export type Centering = (typeof CENTERINGS)[number]
export type Masks = Static<typeof Masks>
export type Koleo = Static<typeof Koleo>
export type Gram = Static<typeof Gram>
export type Em = Static<typeof Em>
export type Ibot = Static<typeof Ibot>
export type Hyperparameters = Static<typeof Hyperparameters>
export type Recipe = Static<typeof Recipe>
