import type { Drift } from '../../../client/resources.ts'
import { LineChart } from '../../charts/line-chart.tsx'
import { formatPercent } from '../../format.ts'
import { driftLines } from './drift-words.ts'

interface Props {
  readonly drift: Drift
}

const LOW = 140
const FROM_ZERO = [0] as const

const formatShare = (share: number): string => formatPercent(share, 1)

/** Ended windows in their order; of one alone the table says all. */
export function DriftCharts({ drift: { ended } }: Props) {
  const [last, first] = [ended[0], ended.at(-1)]
  if (last === undefined || first === undefined || last === first) return null
  const shared = { domain: [first.number, last.number] as const, xName: 'window', height: LOW, include: FROM_ZERO }
  const hasDensity = ended.some(({ density }) => density !== null)
  return (
    <div className="charts">
      <LineChart
        {...shared}
        title="PSI by prototype"
        hint="Population stability index. Where nothing has changed, one window of a thousand is beyond the limit, or fewer."
        lines={driftLines(ended, {
          value: ({ psi }) => psi,
          limit: ({ psi_limit: limit }) => limit,
          chance: ({ psi_expected: expected }) => expected
        })}
      />
      {hasDensity && (
        <LineChart
          {...shared}
          title="Images of low density"
          hint="Share of images below the 5th percentile of held-out training images."
          formatValue={formatShare}
          lines={driftLines(ended, {
            value: ({ density }) => density?.below_p5.share,
            limit: ({ density }) => density?.limit,
            chance: ({ density }) => density?.below_p5.expected
          })}
        />
      )}
    </div>
  )
}
