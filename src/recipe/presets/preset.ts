import type { Arch, Hyperparameters, Method } from '../schema.ts'

/** What the method decides, unless the request does. */
export type MethodDefaults = Pick<Hyperparameters, 'normalizeLastLayer' | 'centering'>

/** A named recipe. Its comment is the record of the experiment it comes from, or says that there was none. */
export interface Preset {
  readonly arch: Arch
  readonly patchSize: number
  readonly hyperparameters: Omit<Hyperparameters, keyof MethodDefaults>
  /** Whether plain DINO fixes the prototypes' norms at 1 (vMF never does: their norms are its concentrations). */
  readonly dinoNormalizesLastLayer: boolean
}

export const methodDefaults = (preset: Preset, method: Method): MethodDefaults =>
  method === 'dino-vmf'
    ? { normalizeLastLayer: false, centering: 'probability' }
    : { normalizeLastLayer: preset.dinoNormalizesLastLayer, centering: 'logit' }

/** The statistics that torchvision's models use. */
export const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }
