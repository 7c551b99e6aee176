/** What the API has acknowledged: all of it has to be there in the end, as it was promised. */

export interface PromisedRun {
  readonly seed: number
  readonly key: string
  /** A user asked for it: it may end so. */
  isCancelled: boolean
}

export interface Ledger {
  readonly datasets: Set<string>
  /** `ds_…@1`, ready when somebody has seen it so. */
  readonly versions: Map<string, { isReady: boolean }>
  readonly runs: Map<string, PromisedRun>
  readonly models: Set<string>
  readonly evaluations: Map<string, { isCancelled: boolean }>
  /** Paths of what was deleted: nothing may answer there any more. */
  readonly removed: Set<string>
  /** Runs whose model was deleted. */
  readonly withoutModel: Set<string>
  /** Checkpoints of runs, by seed, of one that nothing disturbed: step → hash of the state. */
  readonly undisturbed: Map<number, string>
}

export const createLedger = (): Ledger => ({
  datasets: new Set(),
  versions: new Map(),
  runs: new Map(),
  models: new Set(),
  evaluations: new Map(),
  removed: new Set(),
  withoutModel: new Set(),
  undisturbed: new Map()
})
