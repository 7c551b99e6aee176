/**
 * Which value leaves where there is no room for all. Whoever has most gives first, what was used longest ago; and what an owner uses all the time
 * stays until nothing else is left. By last use alone, an owner who opened a hundred values drove out the one of everybody else.
 */

export interface Kept {
  /** Empty where values belong to nobody: then the one used longest ago leaves. */
  readonly owner: string
  /** Its owner's usual one is never one of these. */
  readonly isExtra: boolean
  readonly users: number
  /** Null until it is open. */
  readonly cost: number | null
}

/** @param all those in use anywhere, the others in the order in which they were released. Null where all are in use */
export function nextToLeave<Entry extends Kept>(all: readonly Entry[]): Entry | null {
  const usual = usualOf(all)
  const idle = all.filter(({ users, cost }) => users === 0 && cost !== null)
  const free = idle.filter((entry) => usual.get(entry.owner) !== entry)
  if (free.length === 0) return idle[0] ?? null
  const held = new Map<string, number>()
  for (const entry of all)
    if (usual.get(entry.owner) !== entry) held.set(entry.owner, (held.get(entry.owner) ?? 0) + (entry.cost ?? 0))
  const most = Math.max(...free.map(({ owner }) => held.get(owner)!))
  return free.find(({ owner }) => held.get(owner) === most)!
}

/** Of each owner the one that is in use, or was used last: it is what the next request asks for, likely. */
function usualOf<Entry extends Kept>(all: readonly Entry[]): ReadonlyMap<string, Entry> {
  const usual = new Map<string, Entry>()
  for (const entry of all)
    if (!entry.isExtra && (entry.users > 0 || (usual.get(entry.owner)?.users ?? 0) === 0)) usual.set(entry.owner, entry)
  return usual
}
