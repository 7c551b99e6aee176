import { useMemo, useState } from 'react'
import type { Run } from '../../api/wire-runs.ts'
import type { Band, Color, Line } from '../../charts/line.ts'
import { LineChart } from '../../charts/line-chart.tsx'
import { Section } from '../../components/section.tsx'
import { formatCount, formatNumber, formatPercent } from '../../format.ts'
import { lastStep } from './metric-columns.ts'
import type { MetricKey } from './metric-keys.ts'
import { type LiveMetrics, seriesOf } from './use-metrics.ts'

interface Props {
  readonly run: Run
  readonly metrics: LiveMetrics
  /** Steps that were selected, or null for all. */
  readonly range: readonly [number, number] | null
  readonly onZoom: (range: readonly [number, number] | null) => void
}

const SMOOTHING = 0.9

export function RunCharts({ run, metrics, range, onZoom }: Props) {
  const [isSmooth, setIsSmooth] = useState(true)
  const end = Math.max(1, lastStep(metrics.columns))
  const [from, to] = range ?? [0, end]
  const domain = useMemo<readonly [number, number]>(() => [from, to], [from, to])
  const actions = (
    <div className="actions small">
      {range && (
        <button type="button" onClick={() => onZoom(null)}>
          Show all steps
        </button>
      )}
      <label>
        <input type="checkbox" checked={isSmooth} onChange={(event) => setIsSmooth(event.target.checked)} /> Average
        noisy lines
      </label>
    </div>
  )
  const hint = range
    ? `Steps ${formatCount(from)} to ${formatCount(to)}, read again at full detail. Escape shows all.`
    : 'Drag across a chart to look closer; the API keeps every peak of what it leaves out.'
  return (
    <Section title="Metrics" hint={hint} actions={actions}>
      {metrics.isLoading ? (
        <div className="skeleton charts-skeleton" role="status" aria-label="Loading metrics" />
      ) : (
        <ChartGrid {...{ run, metrics, domain, onZoom }} smoothing={isSmooth ? SMOOTHING : 0} />
      )}
    </Section>
  )
}

interface GridProps extends Pick<Props, 'run' | 'metrics' | 'onZoom'> {
  readonly domain: readonly [number, number]
  readonly smoothing: number
}

function ChartGrid({ run, metrics: { columns }, domain, smoothing, onZoom }: GridProps) {
  const line = (label: string, key: MetricKey, color: Color = 1): Line => ({
    label,
    series: seriesOf(columns, key),
    color
  })
  const band = (label: string, [lower, upper]: readonly [MetricKey, MetricKey], color: Color): Band => ({
    label,
    lower: seriesOf(columns, lower),
    upper: seriesOf(columns, upper),
    color
  })
  const shared = { domain, onZoom }
  const prototypes = Number(run.resolved_recipe.hyperparameters['prototypes'])
  const lnK = Math.log(prototypes)
  return (
    <div className="charts">
      <LineChart
        {...shared}
        title="Loss"
        hint="1.0 is what uniform assignments cost: staying there is collapse."
        lines={[line('loss / ln K', 'loss_over_ln_k'), { ...line('loss (nats)', 'loss', 5), isHidden: true }]}
        reference={{ value: 1, label: `uniform: ln ${formatCount(prototypes)} = ${formatNumber(lnK, 3)} nats` }}
        smoothing={smoothing}
      />
      <LineChart
        {...shared}
        title="Entropy of assignments"
        hint="The gap is what an assignment tells about its image (mutual information)."
        lines={[
          line('of the mean', 'mean_assignment_entropy', 3),
          line('of one image (teacher)', 'teacher_entropy', 1)
        ]}
        bands={[
          {
            ...band('gap', ['teacher_entropy', 'mean_assignment_entropy'], 3),
            describe: (lower, upper) => `${formatNumber(upper - lower, 3)} nats`
          }
        ]}
        reference={{ value: lnK, label: 'ln K' }}
        smoothing={smoothing}
      />
      <LineChart
        {...shared}
        title="Kappa"
        hint="Concentration of the prototypes: all of them, the middle 90 %, and the median."
        lines={[line('median', 'kappa_p50', 4)]}
        bands={[band('all', ['kappa_p0', 'kappa_p100'], 4), band('p5–p95', ['kappa_p5', 'kappa_p95'], 4)]}
      />
      <LineChart
        {...shared}
        title="Teacher to student"
        hint="Kullback–Leibler divergence: how far the student is from the teacher, in nats."
        lines={[line('KL', 'kl', 2)]}
        smoothing={smoothing}
      />
      <LineChart
        {...shared}
        title="Busiest prototype"
        hint="Share of all assignments that it takes; near 1 is collapse to one."
        lines={[line('share', 'top_assignment', 2)]}
        formatValue={formatShare}
        smoothing={smoothing}
      />
      <LineChart
        {...shared}
        title="Gradient norm"
        hint="Before clipping."
        lines={[line('norm', 'grad_norm', 2)]}
        smoothing={smoothing}
      />
      <LineChart {...shared} title="Speed" lines={[line('images/s', 'images_per_second', 3)]} smoothing={smoothing} />
      <LineChart
        {...shared}
        title="Waiting for images"
        hint="Share of a step's time; above half the run is data-bound."
        lines={[line('share', 'data_wait_share', 2)]}
        formatValue={formatShare}
        smoothing={smoothing}
      />
      <LineChart {...shared} title="Learning rate" lines={[line('rate', 'learning_rate', 5)]} height={130} />
      <LineChart {...shared} title="Weight decay" lines={[line('decay', 'weight_decay', 5)]} height={130} />
      <LineChart
        {...shared}
        title="Teacher momentum"
        lines={[line('momentum', 'teacher_momentum', 5)]}
        height={130}
        formatValue={formatMomentum}
      />
      <LineChart
        {...shared}
        title="Teacher temperature"
        lines={[line('temperature', 'teacher_temperature', 5)]}
        height={130}
      />
    </div>
  )
}

const formatShare = (share: number): string => formatPercent(share, 1)
const formatMomentum = (momentum: number): string => formatNumber(momentum, 6)
