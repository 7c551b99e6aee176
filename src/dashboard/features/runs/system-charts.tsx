import { LineChart } from '../../charts/line-chart.tsx'
import { formatBytes, formatPercent } from '../../format.ts'
import { type ChartProps, FROM_ZERO, hasPoints, line } from './chart-lines.ts'

const SMALL = 140

const formatShare = (share: number): string => formatPercent(share, 1)

/** What the run does to its machine, folded: of devices that say nothing of themselves, such as CPUs, only the first two. */
export function SystemCharts({ metrics: { columns }, ...rest }: ChartProps) {
  const shared = { ...rest, height: SMALL, include: FROM_ZERO }
  const hasMemory = hasPoints(columns, 'device_memory_peak_bytes') || hasPoints(columns, 'gpu_memory_bytes')
  return (
    <details className="folded">
      <summary>System</summary>
      <div className="charts small-charts">
        <LineChart {...shared} title="Speed" lines={[line(columns, 'images/s', 'images_per_second', 3)]} />
        <LineChart
          {...shared}
          title="Waiting for images"
          hint="Share of a step's time; above half the run is data-bound."
          lines={[line(columns, 'share', 'data_wait_share', 2)]}
          formatValue={formatShare}
        />
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
      </div>
    </details>
  )
}
