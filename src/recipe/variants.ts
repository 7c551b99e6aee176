import type { Arch } from './schema.ts'

export interface Variant {
  readonly dim: number
  readonly depth: number
  readonly heads: number
  readonly mlpRatio: number
}

/** tiny, small and base are DINO's, large is iBOT's; nano is the smallest that learned Fashion-MNIST, mu is for tests. */
export const VARIANTS: Readonly<Record<Arch, Variant>> = {
  vit_mu: { dim: 32, depth: 2, heads: 2, mlpRatio: 2 },
  vit_nano: { dim: 96, depth: 3, heads: 3, mlpRatio: 2 },
  vit_tiny: { dim: 192, depth: 12, heads: 3, mlpRatio: 4 },
  vit_small: { dim: 384, depth: 12, heads: 6, mlpRatio: 4 },
  vit_base: { dim: 768, depth: 12, heads: 12, mlpRatio: 4 },
  vit_large: { dim: 1024, depth: 24, heads: 16, mlpRatio: 4 }
}

/** The name of these sizes; `vit_custom` when they have none. */
export function archOf({ dim, depth, heads, mlpRatio }: Variant): Arch | 'vit_custom' {
  const found = Object.entries(VARIANTS).find(
    ([, one]) => one.dim === dim && one.depth === depth && one.heads === heads && one.mlpRatio === mlpRatio
  )
  return found === undefined ? 'vit_custom' : (found[0] as Arch) // the keys of VARIANTS
}
