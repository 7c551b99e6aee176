const FIRST_MS = 500
const LONGEST_MS = 30_000

/** Milliseconds before try number `attempt` (1, 2, …): doubling, with up to a quarter taken off by `random` in [0, 1). */
export function backoffMs(attempt: number, random: number): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempt - 1))
  return Math.round(full * (1 - random / 4))
}
