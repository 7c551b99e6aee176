/** The folders of the bucket that Kappa writes into, and how much of a key says whose it is. */
const DEPTHS = {
  datasets: 2,
  uploads: 2,
  runs: 3,
  models: 1,
  evaluations: 1,
  vectors: 1,
  files: 1,
  batches: 1
} as const

export type OwnRoot = keyof typeof DEPTHS
export const OWN_ROOTS = Object.keys(DEPTHS) as readonly OwnRoot[] // the keys of a constant

/** `runs/run_1/e2/s10/`: what belongs to one record, and comes and goes with it. */
export interface OwnedPrefix {
  readonly prefix: string
  readonly root: OwnRoot
  /** `['run_1', 'e2', 's10']` */
  readonly names: readonly string[]
}

export const isOwnRoot = (name: string): name is OwnRoot => Object.hasOwn(DEPTHS, name)

/** Null for a key that Kappa never makes. */
export function ownedPrefixOf(key: string): OwnedPrefix | null {
  const [root = '', ...rest] = key.split('/')
  if (!isOwnRoot(root) || rest.length <= DEPTHS[root]) return null
  const names = rest.slice(0, DEPTHS[root])
  return { prefix: `${root}/${names.join('/')}/`, root, names }
}
