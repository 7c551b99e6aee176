import { Bars } from '../../charts/bars.tsx'
import { formatCount } from '../../format.ts'
import { sizeBuckets } from './size-buckets.ts'

const MOST_SIZES = 12

export function SizeHistogram({ sizes }: { readonly sizes: Readonly<Record<string, number>> }) {
  const buckets = sizeBuckets(sizes, MOST_SIZES)
  if (buckets.length === 0) return null
  return (
    <>
      <h3>Image sizes (pixels, rounded up to powers of two)</h3>
      <Bars
        label="Images by size"
        bars={buckets.map(({ label, count, share }) => ({ label, share, value: formatCount(count) }))}
      />
    </>
  )
}
