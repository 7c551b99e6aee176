/**
 * The population stability index between how often each of K things came in a sample of old and one of new:
 *
 *   PSI = Σ_g (p_g − q_g) ln(p_g / q_g)     q_g = (old_g + ½)/(m + G/2)     p_g = (new_g + ½)/(n + G/2)
 *
 * over G groups of things. Where both samples are of one distribution, PSI / (1/n + 1/m) is about χ² with G − 1 degrees of freedom (Yurdakul & Naranjo
 * 2020, "Statistical properties of the population stability index"): sampling alone gives (G − 1)(1/n + 1/m) on average. That holds where groups are
 * expected to have enough, so rare things are put together.
 */

/** Of each group in the smaller of the two samples: then sampling adds no more than 2 · 1/50 to the index. */
const FEWEST_EXPECTED = 50

/** Things by number, the rest has none. */
export type Counts = ReadonlyMap<number, number>

export interface Group {
  /** Of the last group without those that never came in the old sample, which belong to it. */
  readonly members: readonly number[]
  readonly old: number
  readonly fresh: number
  /** Its part of the index. */
  readonly part: number
}

export interface Stability {
  readonly psi: number
  /** On average by sampling alone. */
  readonly expected: number
  /** Things that are alone first, the most frequent of them at the head. */
  readonly groups: readonly Group[]
}

/** Null where there are fewer than two groups to compare: too few of one of the samples, or all of old was one thing. */
export function stabilityOf(old: Counts, fresh: Counts): Stability | null {
  const [m, n] = [totalOf(old), totalOf(fresh)]
  const pools = poolsOf(old, (FEWEST_EXPECTED * m) / Math.min(m, n))
  if (pools.length < 2) return null
  const freshOf = countsIn(pools, fresh)
  const half = pools.length / 2
  const groups = pools.map(({ members, old: before }, g): Group => {
    const [q, p] = [(before + 0.5) / (m + half), (freshOf[g]! + 0.5) / (n + half)]
    return { members, old: before, fresh: freshOf[g]!, part: (p - q) * Math.log(p / q) }
  })
  const psi = groups.reduce((sum, { part }) => sum + part, 0)
  return { psi, expected: (pools.length - 1) * (1 / n + 1 / m), groups }
}

/** What the index of samples of one distribution exceeds with probability 1 − share. */
export function stabilityLimit(
  { expected, groups }: Pick<Stability, 'expected' | 'groups'>,
  deviations: number
): number {
  const freedom = groups.length - 1
  return (expected / freedom) * chiSquareQuantile(freedom, deviations)
}

/** By Wilson & Hilferty 1931: within 2 % from one degree of freedom on, at three deviations. @param deviations of the normal distribution's quantile */
function chiSquareQuantile(freedom: number, deviations: number): number {
  const variance = 2 / (9 * freedom)
  return freedom * (1 - variance + deviations * Math.sqrt(variance)) ** 3
}

const totalOf = (counts: Counts): number => [...counts.values()].reduce((sum, count) => sum + count, 0)

interface Pool {
  readonly members: number[]
  old: number
}

/**
 * Who has enough is alone, the others are put together by their numbers, and what is left over belongs to the last. By their counts they may
 * not be: those that came often by luck would be together, and new samples, which have no such luck, would differ.
 */
function poolsOf(old: Counts, enough: number): Pool[] {
  const seen = [...old].filter(([, count]) => count > 0)
  const alone = seen.filter(([, count]) => count >= enough).sort(([i, a], [j, b]) => b - a || i - j)
  const pools: Pool[] = alone.map(([member, count]) => ({ members: [member], old: count }))
  let rest: Pool = { members: [], old: 0 }
  for (const [member, count] of seen.filter(([, few]) => few < enough).sort(([i], [j]) => i - j)) {
    rest.members.push(member)
    rest.old += count
    if (rest.old < enough) continue
    pools.push(rest)
    rest = { members: [], old: 0 }
  }
  const last = pools.at(-1)
  if (last !== undefined) {
    last.members.push(...rest.members)
    last.old += rest.old
  }
  return pools
}

/** What never came before counts with the last. */
function countsIn(pools: readonly Pool[], fresh: Counts): number[] {
  const poolOf = new Map(pools.flatMap(({ members }, g) => members.map((member) => [member, g] as const)))
  const counts = pools.map(() => 0)
  for (const [member, count] of fresh) counts[poolOf.get(member) ?? pools.length - 1]! += count
  return counts
}
