/** What every choice of the preset `auto` sees, and the words it says why with. */
import type { DeepPartial, RecipeRequest } from '../presets.ts'
import type { Arch, Hyperparameters } from '../schema.ts'
import type { AutoDevice, AutoImages } from './circumstances.ts'

export interface Situation {
  readonly images: AutoImages
  readonly device: AutoDevice
  readonly request: RecipeRequest
  /** What the request says itself: it stands, and what depends on it follows. */
  readonly wishes: DeepPartial<Hyperparameters>
  /** One sentence for each choice that was made. */
  say(sentence: string): void
}

export const count = (value: number): string => value.toLocaleString('en-US')

export const counted = (value: number, noun: string): string => `${count(value)} ${noun}${value === 1 ? '' : 's'}`

export type SmallArch = 'vit_mu' | 'vit_nano'

/** Those that learn on a CPU. */
export const isSmall = (arch: Arch): arch is SmallArch => arch === 'vit_mu' || arch === 'vit_nano'

export const powerOfTwoBelow = (value: number): number => 2 ** Math.floor(Math.log2(Math.max(1, value)))
