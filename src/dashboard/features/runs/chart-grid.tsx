import type { Run } from '../../../client/resources.ts'
import type { Band, Color, Line } from '../../charts/line.ts'
import { LineChart } from '../../charts/line-chart.tsx'
import { formatCount, formatNumber, formatPercent } from '../../format.ts'
import type { MetricColumns } from './metric-columns.ts'
import type { MetricKey } from './metric-keys.ts'
import { type LiveMetrics, seriesOf } from './use-metrics.ts'

interface Props {
  readonly run: Run
  readonly metrics: LiveMetrics
  readonly domain: readonly [number, number]
  readonly isAveraged: boolean
  readonly onZoom: (range: readonly [number, number] | null) => void
}

export function ChartGrid(props: Props) {
  return (
    <>
      <div className="charts">
        <LearningCharts {...props} />
        <PatchCharts {...props} />
        <KappaChart {...props} />
        <SpreadCharts {...props} />
        <SpeedCharts {...props} />
      </div>
      <h3>Schedules</h3>
      <div className="charts small-charts">
        <ScheduleCharts {...props} />
      </div>
    </>
  )
}

const line = (columns: MetricColumns, label: string, key: MetricKey, color: Color): Line => ({
  label,
  series: seriesOf(columns, key),
  color
})

const band = (
  columns: MetricColumns,
  label: string,
  [lower, upper]: readonly [MetricKey, MetricKey],
  color: Color
): Band => ({
  label,
  lower: seriesOf(columns, lower),
  upper: seriesOf(columns, upper),
  color
})

const FROM_ZERO = [0] as const
const SMALL = 120

const formatShare = (share: number): string => formatPercent(share, 1)
const formatMomentum = (momentum: number): string => formatNumber(momentum, 6)

function LearningCharts({ run, metrics: { columns }, ...shared }: Props) {
  const prototypes = Number(run.resolved_recipe.hyperparameters['prototypes'])
  const lnK = Math.log(prototypes)
  return (
    <>
      <LineChart
        {...shared}
        title="Loss"
        hint="1.0 is what uniform assignments cost: staying there is collapse."
        lines={[
          line(columns, 'loss / ln K', 'loss_over_ln_k', 1),
          { ...line(columns, 'loss (nats)', 'loss', 5), isHidden: true }
        ]}
        reference={{ value: 1, label: `uniform: ln ${formatCount(prototypes)} = ${formatNumber(lnK, 3)} nats` }}
        include={FROM_ZERO}
      />
      <LineChart
        {...shared}
        title="Entropy of assignments"
        hint="The gap is what an assignment tells about its image (mutual information)."
        lines={[
          line(columns, 'of the mean', 'mean_assignment_entropy', 3),
          line(columns, 'of one image (teacher)', 'teacher_entropy', 1)
        ]}
        bands={[
          {
            ...band(columns, 'gap', ['teacher_entropy', 'mean_assignment_entropy'], 3),
            describe: (lower, upper) => `${formatNumber(upper - lower, 3)} nats`
          }
        ]}
        reference={{ value: lnK, label: 'ln K' }}
        include={FROM_ZERO}
      />
      <LineChart
        {...shared}
        title="Teacher to student"
        hint="Kullback–Leibler divergence: how far the student is from the teacher, in nats."
        lines={[line(columns, 'KL', 'kl', 2)]}
        include={FROM_ZERO}
      />
      <LineChart
        {...shared}
        title="Busiest prototype"
        hint="Share of all assignments that it takes; near 1 is collapse to one."
        lines={[line(columns, 'share', 'top_assignment', 2)]}
        formatValue={formatShare}
        include={FROM_ZERO}
      />
      <LineChart
        {...shared}
        title="Gradient norm"
        hint="Before clipping."
        lines={[line(columns, 'norm', 'grad_norm', 2)]}
      />
    </>
  )
}

/** Of methods that hide patches; the charts before are then of the class token. */
function PatchCharts({ metrics: { columns }, ...shared }: Props) {
  if (seriesOf(columns, 'patch_loss').steps.length === 0) return null
  return (
    <>
      <LineChart
        {...shared}
        title="Loss of both tokens"
        hint="The total is their weighted sum, in nats."
        lines={[line(columns, 'class token', 'cls_loss', 1), line(columns, 'hidden patches', 'patch_loss', 2)]}
        include={FROM_ZERO}
      />
      <LineChart
        {...shared}
        title="Entropy of hidden patches"
        hint="The gap is what an assignment tells about its patch."
        lines={[
          line(columns, 'of the mean', 'patch_mean_assignment_entropy', 3),
          line(columns, 'of one patch (teacher)', 'patch_teacher_entropy', 1)
        ]}
        include={FROM_ZERO}
      />
    </>
  )
}

function KappaChart({ metrics: { columns }, domain, onZoom }: Props) {
  return (
    <LineChart
      domain={domain}
      onZoom={onZoom}
      title="Kappa"
      hint="Concentration of the prototypes: all of them, the middle 90 %, and the median."
      lines={[line(columns, 'median', 'kappa_p50', 4)]}
      bands={[
        band(columns, 'all', ['kappa_p0', 'kappa_p100'], 4),
        band(columns, 'p5 to p95', ['kappa_p5', 'kappa_p95'], 4)
      ]}
    />
  )
}

function SpreadCharts({ metrics: { columns }, domain, onZoom }: Props) {
  const shared = { domain, onZoom, include: FROM_ZERO }
  return (
    <>
      <LineChart
        {...shared}
        title="Prototypes in use"
        hint="Since the last point; unique ones point in different directions, of the 1,024 most used."
        lines={[line(columns, 'used', 'used_prototypes', 4), line(columns, 'unique', 'unique_prototypes', 1)]}
      />
      <LineChart
        {...shared}
        title="Effective rank of features"
        hint="Directions that the teacher's features use (RankMe); 1 is complete collapse."
        lines={[line(columns, 'rank', 'effective_rank', 3)]}
      />
      <LineChart
        {...shared}
        title="Spread of features"
        hint="1 when the teacher's features point everywhere alike, 0 when all images have the same."
        lines={[line(columns, 'spread', 'feature_spread', 3)]}
      />
    </>
  )
}

function SpeedCharts({ metrics: { columns }, ...shared }: Props) {
  return (
    <>
      <LineChart
        {...shared}
        title="Speed"
        lines={[line(columns, 'images/s', 'images_per_second', 3)]}
        include={FROM_ZERO}
      />
      <LineChart
        {...shared}
        title="Waiting for images"
        hint="Share of a step's time; above half the run is data-bound."
        lines={[line(columns, 'share', 'data_wait_share', 2)]}
        formatValue={formatShare}
        include={FROM_ZERO}
      />
    </>
  )
}

function ScheduleCharts({ metrics: { columns }, domain, onZoom }: Props) {
  const shared = { domain, onZoom, height: SMALL }
  return (
    <>
      <LineChart {...shared} title="Learning rate" lines={[line(columns, 'rate', 'learning_rate', 5)]} />
      <LineChart {...shared} title="Weight decay" lines={[line(columns, 'decay', 'weight_decay', 5)]} />
      <LineChart
        {...shared}
        title="Teacher momentum"
        lines={[line(columns, 'momentum', 'teacher_momentum', 5)]}
        formatValue={formatMomentum}
      />
      <LineChart
        {...shared}
        title="Teacher temperature"
        lines={[line(columns, 'temperature', 'teacher_temperature', 5)]}
      />
    </>
  )
}
