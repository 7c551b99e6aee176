import { METHOD_PARTS } from '../methods.ts'
import type { Arch, Hyperparameters, Ibot, Method } from '../schema.ts'

/** What the method decides, unless the request does. */
type MethodDefaults = Pick<Hyperparameters, 'normalizeLastLayer' | 'centering' | 'ibot'>
type PresetHyperparameters = Omit<Hyperparameters, keyof MethodDefaults>

/** A named recipe. Its comment is the record of the experiment it comes from, or says that there was none. */
export interface Preset {
  readonly arch: Arch
  readonly patchSize: number
  readonly hyperparameters: PresetHyperparameters
  /** Whether the methods without vMF fix the prototypes' norms at 1 (vMF never does: their norms are its concentrations). */
  readonly dinoNormalizesLastLayer: boolean
  /** iBOT's own part, and whatever else is different when the method is ibot or ibot-vmf. */
  readonly ibot: { readonly ibot: Ibot } & Partial<PresetHyperparameters>
}

export function methodDefaults(preset: Preset, method: Method): Partial<Hyperparameters> {
  const { vmf, masked } = METHOD_PARTS[method]
  return {
    ...(masked ? preset.ibot : {}),
    normalizeLastLayer: !vmf && preset.dinoNormalizesLastLayer,
    centering: vmf ? 'probability' : 'logit'
  }
}

/** The statistics that torchvision's models use. */
export const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }

/**
 * iBOT's published part (bytedance/ibot, README of ViT-S/16 and the arguments of ViT-B/16): half of the global crops have
 * a block-wise mask over 0.3 ± 0.2 of their patches; one last layer for all tokens; both losses count alike; momentum of
 * both centers 0.9. The patches' temperature warms up as long as the class token's.
 */
export const publishedIbot = (patchTeacherTemperature: Ibot['patchTeacherTemperature']): Ibot => ({
  masks: { shape: 'block', probability: 0.5, ratio: 0.3, ratioVariance: 0.2, startEpoch: 0 },
  patchPrototypes: null,
  patchTeacherTemperature,
  patchCenterMomentum: 0.9,
  clsLossWeight: 1,
  patchLossWeight: 1
})
