/**
 * What several hosts tell each other while their clients are made and programs begin: which devices each of them has, and
 * the address at which a collective meets. PJRT's clients bring no server for it and ask whoever made them.
 */
export interface KeyValueStore {
  /** @returns false where the key has a value already, which stays */
  put(key: string, value: Uint8Array): Promise<boolean>
  /**
   * Looks at least once, and then until `until` is aborted.
   * @returns null where the key had no value in time
   */
  get(key: string, until: AbortSignal): Promise<Uint8Array | null>
}

/** A host's description of eight GPUs is 4 KiB; what autotuning found for a program is the largest that is shared. */
export const MOST_VALUE_BYTES = 8 * 1024 ** 2
export const MOST_KEY_BYTES = 1024
