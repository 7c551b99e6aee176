import { LineChart } from '../../charts/line-chart.tsx'
import { formatCount, formatNumber, formatPercent } from '../../format.ts'
import { band, type ChartProps, FROM_ZERO, line } from './chart-lines.ts'
import { SystemCharts } from './system-charts.tsx'
import { PatchCharts, TermCharts } from './term-charts.tsx'

export function ChartGrid(props: ChartProps) {
  return (
    <>
      <div className="charts">
        <LearningCharts {...props} />
        <PatchCharts {...props} />
        <TermCharts {...props} />
        <KappaChart {...props} />
        <SpreadCharts {...props} />
      </div>
      <SystemCharts {...props} />
      <h3>Schedules</h3>
      <div className="charts small-charts">
        <ScheduleCharts {...props} />
      </div>
    </>
  )
}

const SMALL = 120

const formatShare = (share: number): string => formatPercent(share, 1)
const formatMomentum = (momentum: number): string => formatNumber(momentum, 6)

function LearningCharts({ run, metrics: { columns }, ...shared }: ChartProps) {
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

function KappaChart({ metrics: { columns }, domain, onZoom }: ChartProps) {
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

function SpreadCharts({ metrics: { columns }, domain, onZoom }: ChartProps) {
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

function ScheduleCharts({ metrics: { columns }, domain, onZoom }: ChartProps) {
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
