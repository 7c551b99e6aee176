import { formatMany } from '../../format.ts'

export interface SizeBucket {
  readonly label: string
  readonly count: number
  readonly share: number
}

const area = (label: string): number => label.split(/[×x]/).reduce((product, side) => product * (Number(side) || 1), 1)

/** The commonest sizes, smallest image first, and all others as one bucket. */
export function sizeBuckets(sizes: Readonly<Record<string, number>>, most: number): SizeBucket[] {
  const byCount = Object.entries(sizes).sort(([, a], [, b]) => b - a)
  const total = byCount.reduce((sum, [, count]) => sum + count, 0)
  const bucket = (label: string, count: number) => ({ label, count, share: total === 0 ? 0 : count / total })
  const named = byCount.slice(0, most).sort(([a], [b]) => area(a) - area(b))
  const others = byCount.slice(most)
  const rest = others.reduce((sum, [, count]) => sum + count, 0)
  return [
    ...named.map(([label, count]) => bucket(label.replace(/[x×]/, ' × '), count)),
    ...(rest > 0 ? [bucket(formatMany(others.length, 'other size'), rest)] : [])
  ]
}
