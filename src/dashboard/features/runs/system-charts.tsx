import { LineChart } from '../../charts/line-chart.tsx'
import { formatBytes, formatPercent } from '../../format.ts'
import { type ChartProps, FROM_ZERO, hasPoints, line } from './chart-lines.ts'
import { lastValue, type MetricColumns } from './metric-columns.ts'
import type { MetricKey } from './metric-keys.ts'

const SMALL = 140

const formatShare = (share: number): string => formatPercent(share, 1)
const formatRate = (bytes: number): string => `${formatBytes(bytes)}/s`

/** What the run does to its machine, folded. What neither machine nor device says has no chart. */
export function SystemCharts({ metrics: { columns }, ...rest }: ChartProps) {
  const shared = { ...rest, columns, height: SMALL, include: FROM_ZERO }
  const newest = newestWords(columns)
  return (
    <details className="folded">
      <summary>System {newest !== '' && <span className="muted small">{newest}</span>}</summary>
      <div className="charts small-charts">
        <LineChart {...shared} title="Speed" lines={[line(columns, 'images/s', 'images_per_second', 3)]} />
        <LineChart
          {...shared}
          title="Waiting for images"
          hint="Share of a step's time; above half the run is data-bound."
          lines={[line(columns, 'share', 'data_wait_share', 2)]}
          formatValue={formatShare}
        />
        <MachineCharts {...shared} />
        <DeviceCharts {...shared} />
      </div>
    </details>
  )
}

type Shared = Omit<ChartProps, 'metrics'> & {
  readonly columns: MetricColumns
  readonly height: number
  readonly include: readonly number[]
}

/** Read every ten seconds by the worker, where it can. */
function MachineCharts({ columns, ...shared }: Shared) {
  return (
    <>
      {hasPoints(columns, 'system/cpu_share') && (
        <LineChart
          {...shared}
          title="Processors in use"
          hint="Of those that the run may use, and of all that the machine has."
          lines={[
            line(columns, 'by this run', 'system/cpu_share', 1),
            line(columns, 'by everybody', 'system/machine_cpu_share', 5)
          ]}
          formatValue={formatShare}
        />
      )}
      {hasPoints(columns, 'system/memory_bytes') && (
        <LineChart
          {...shared}
          title="Memory"
          hint="Of the trainer with its loaders."
          lines={[
            line(columns, 'resident', 'system/memory_bytes', 1),
            line(columns, 'most so far', 'system/memory_peak_bytes', 2),
            { ...line(columns, 'left to the machine', 'system/memory_available_bytes', 5), isHidden: true }
          ]}
          formatValue={formatBytes}
        />
      )}
      {hasPoints(columns, 'system/read_bytes_per_second') && (
        <LineChart
          {...shared}
          title="Disk"
          hint="What files in memory already answer is not counted."
          lines={[
            line(columns, 'read', 'system/read_bytes_per_second', 3),
            line(columns, 'written', 'system/written_bytes_per_second', 4)
          ]}
          formatValue={formatRate}
        />
      )}
    </>
  )
}

/** Said by the engine, or by the driver of its devices; CPUs say nothing. */
function DeviceCharts({ columns, ...shared }: Shared) {
  const hasMemory = hasPoints(columns, 'device_memory_peak_bytes') || hasPoints(columns, 'gpu_memory_bytes')
  return (
    <>
      {hasMemory && (
        <LineChart
          {...shared}
          title="Memory of the device"
          lines={[
            line(columns, 'most that this run held', 'device_memory_peak_bytes', 1),
            line(columns, 'in use by all processes', 'gpu_memory_bytes', 2)
          ]}
          formatValue={formatBytes}
        />
      )}
      {hasPoints(columns, 'gpu_utilization') && (
        <LineChart
          {...shared}
          title="GPU in use"
          lines={[line(columns, 'share of the time', 'gpu_utilization', 3)]}
          formatValue={formatShare}
        />
      )}
      {hasPoints(columns, 'gpu_power_watts') && (
        <LineChart {...shared} title="Power, watts" lines={[line(columns, 'of all devices', 'gpu_power_watts', 4)]} />
      )}
    </>
  )
}

const NEWEST: readonly (readonly [MetricKey, (value: number) => string])[] = [
  ['system/cpu_share', (share) => `${formatPercent(share)} of the processors`],
  ['system/memory_bytes', (bytes) => `${formatBytes(bytes)} of memory`],
  ['gpu_utilization', (share) => `GPU in use ${formatPercent(share)} of the time`],
  ['gpu_memory_bytes', (bytes) => `${formatBytes(bytes)} of its memory`]
]

/** The newest numbers, of those that there are. */
function newestWords(columns: MetricColumns): string {
  const words = NEWEST.flatMap(([key, inWords]) => {
    const value = lastValue(columns, key)
    return value === null ? [] : [inWords(value)]
  })
  return words.join(' · ')
}
