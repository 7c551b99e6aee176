/** What the scripted trainer says of the models that it makes and measures. */
export const FAKE_CONFIG = {
  format: 'kappa-model/1',
  method: 'dino-vmf',
  arch: 'vit_mu',
  patchSize: 4,
  imageSize: 28,
  channels: 1,
  network: { dim: 32, depth: 2, heads: 2, mlpRatio: 2, patchSize: 4, channels: 1, imageSize: 28 },
  preprocessing: { resize: 'shorter_side', side: 28, interpolation: 'bicubic', crop: 28 },
  embeddingDim: 32,
  bottleneckDim: 8,
  prototypes: 2,
  temperature: 0.04,
  centering: 'probability'
}

/** Prototype 2 wins every image. */
export const SEEN = {
  posterior: 'teacher',
  images: 20,
  prototypes: 3,
  used: [{ prototype: 2, usage: 20, exemplars: [{ index: 4, probability: 0.5, cosine: 0.25 }], labels: [] }]
}
