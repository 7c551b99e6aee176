/** Metrics `eval/{protocol}_{metric}` of a run, sorted into charts whose lines have one scale. */
import type { Color, Line } from '../../charts/line.ts'
import { isShare } from '../../evaluation-metrics.ts'
import type { MetricColumns } from './metric-columns.ts'

export interface EvaluationChart {
  readonly title: string
  readonly lines: readonly Line[]
  readonly isShare: boolean
}

const PROTOCOLS = [
  'knn',
  'logistic',
  'linear',
  'finetune',
  'few_shot',
  'retrieval',
  'clustering',
  'prototypes',
  'label_free'
]

/** With a scale of their own. */
const ALONE = ['rankme', 'alpha', 'log_likelihood']

const COLORS: readonly Color[] = [1, 2, 3, 4, 5]

interface Named {
  readonly chart: string
  readonly metric: string
  readonly key: string
}

function nameOf(key: string): Named {
  const rest = key.replace(/^eval\//, '')
  const protocol = PROTOCOLS.find((name) => rest.startsWith(`${name}_`)) ?? 'others'
  const metric = protocol === 'others' ? rest : rest.slice(protocol.length + 1)
  // nmi_teacher and nmi_model are a chart, purities another: top-5 beside top-1 would press that flat.
  return { chart: ALONE.includes(metric) ? metric : `${protocol}_${metric.split('_')[0]}`, metric, key }
}

/** A chart for each kind of metric of a protocol. By name, numbers in their order. Of more lines than there are colours the first. */
export function evaluationCharts(columns: MetricColumns): EvaluationChart[] {
  const named = Object.keys(columns).map(nameOf)
  const inOrder = named.sort((a, b) => a.key.localeCompare(b.key, 'en', { numeric: true }))
  const titles = [...new Set(inOrder.map(({ chart }) => chart))]
  return titles.map((title) => {
    const all = inOrder.filter(({ chart }) => chart === title)
    return {
      title: title.replaceAll('_', ' '),
      isShare: all.every(({ metric }) => isShare(metric)),
      lines: all.slice(0, COLORS.length).map(({ metric, key }, index) => ({
        label: metric.replaceAll('_', ' '),
        series: columns[key] ?? { steps: [], values: [] },
        color: COLORS[index] ?? 5
      }))
    }
  })
}
