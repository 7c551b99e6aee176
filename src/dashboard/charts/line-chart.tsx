import { memo, useMemo } from 'react'
import { formatNumber } from '../format.ts'
import { Axes, MARGIN, rowsIn } from './axes.tsx'
import { Crosshair } from './crosshair.tsx'
import type { Band, Line } from './line.ts'
import { bandPath, linePath } from './path.ts'
import { usePointedStep } from './pointed-step.ts'
import { linearScale, paddedExtent, type Scale, shareTicks } from './scale.ts'
import { downsample, movingMean, nearestIndex, type Series } from './series.ts'
import { StepSurface } from './step-surface.tsx'
import { useWidth } from './use-width.ts'

export interface LineChartProps {
  readonly title: string
  /** How to read it, in one sentence. */
  readonly hint?: string
  readonly lines: readonly Line[]
  readonly bands?: readonly Band[]
  readonly reference?: { readonly value: number; readonly label: string }
  /** Values that are always in view. */
  readonly include?: readonly number[]
  /** What its lines are drawn by, where those are no steps. */
  readonly xName?: string
  /** Steps in view. */
  readonly domain: readonly [number, number]
  /** Draws a moving average; the points themselves stay behind it, faint. */
  readonly isAveraged?: boolean
  readonly height?: number
  readonly formatValue?: (value: number) => string
  /** Values are shares: the axis says percent. */
  readonly isShare?: boolean
  readonly onZoom?: (range: readonly [number, number] | null) => void
}

export const LineChart = memo(function LineChart(props: LineChartProps) {
  const { title, hint, lines, bands = [], height = 190, formatValue = formatNumber } = props
  const [holder, width] = useWidth<HTMLDivElement>()
  const hasPoints = lines.some(({ series }) => series.steps.length > 0)
  return (
    <figure className="chart">
      <figcaption>
        <h3>{title}</h3>
        {hint && <p className="muted small">{hint}</p>}
        <Legend lines={lines} bands={bands} formatValue={formatValue} />
      </figcaption>
      <div ref={holder} style={{ height }} className="plot">
        {!hasPoints && <p className="muted empty-plot">No points yet</p>}
        {hasPoints && width > 0 && <Plot {...props} width={width} height={height} />}
      </div>
    </figure>
  )
})

/** Of the points in view: wide enough to calm a line, narrow enough to keep its shape. */
const WINDOW_SHARE = 0.05

/** Widest number of pixels per bucket is one: more points than that cannot be seen. */
const useVisible = (series: Series, width: number) => useMemo(() => downsample(series, width), [series, width])

function Plot(props: LineChartProps & { readonly width: number; readonly height: number }) {
  const {
    lines,
    bands = [],
    reference,
    include = [],
    domain,
    isAveraged = false,
    isShare = false,
    width,
    height
  } = props
  const { title, xName = 'step', formatValue = formatNumber, onZoom } = props
  const drawn = lines.filter((line) => !line.isHidden)
  const values = [
    ...drawn.map(({ series }) => series.values),
    ...bands.flatMap((b) => [b.lower.values, b.upper.values])
  ]
  const extent = paddedExtent(values, { include: reference ? [...include, reference.value] : include })
  const x = linearScale(domain, [MARGIN.left, width - MARGIN.right])
  const y = linearScale(extent, [height - MARGIN.bottom, MARGIN.top])
  const summary = drawn.map(({ label, series }) => `${label} ${formatValue(series.values.at(-1) ?? Number.NaN)}`)
  const bottom = height - MARGIN.bottom
  return (
    <>
      <svg width={width} height={height} role="img" aria-label={`${title}. Last values: ${summary.join(', ')}`}>
        <Axes
          x={x}
          y={y}
          width={width}
          height={height}
          isStepAxis
          {...(isShare && { yTicks: shareTicks(y.min, y.max, rowsIn(height)) })}
        />
        {reference && <Reference y={y.toPixel(reference.value)} width={width} label={reference.label} />}
        {bands.map((band) => (
          <path key={band.label} className={`band c${band.color}`} d={bandPath(band.lower, band.upper, x, y)} />
        ))}
        {drawn.map((line) => (
          <LinePath key={line.label} line={line} x={x} y={y} isAveraged={isAveraged} />
        ))}
        <Crosshair x={x} y={y} xName={xName} lines={drawn} bottom={bottom} />
      </svg>
      <StepSurface
        title={title}
        xName={xName}
        x={x}
        steps={longestSteps(drawn)}
        height={height}
        {...(onZoom ? { onZoom } : {})}
      />
    </>
  )
}

const longestSteps = (lines: readonly Line[]): readonly number[] =>
  lines.reduce<readonly number[]>((best, { series }) => (series.steps.length > best.length ? series.steps : best), [])

interface LinePathProps {
  readonly line: Line
  readonly x: Scale
  readonly y: Scale
  readonly isAveraged: boolean
}

function LinePath({ line, x, y, isAveraged }: LinePathProps) {
  const width = Math.ceil(x.toPixel(x.max) - x.toPixel(x.min))
  const visible = useVisible(line.series, width)
  const averaged = useMemo(
    () => (isAveraged ? movingMean(visible, visible.steps.length * WINDOW_SHARE) : visible),
    [visible, isAveraged]
  )
  const className = `line c${line.color}${line.isDashed ? ' dashed' : ''}`
  return (
    <>
      {isAveraged && <path className={`${className} faint`} d={linePath(visible, x, y)} />}
      <path className={className} d={linePath(averaged, x, y)} />
    </>
  )
}

function Reference({ y, width, label }: { readonly y: number; readonly width: number; readonly label: string }) {
  return (
    <g className="reference">
      <line x1={MARGIN.left} x2={width - MARGIN.right} y1={y} y2={y} />
      <text x={width - MARGIN.right} y={y - 4} textAnchor="end">
        {label}
      </text>
    </g>
  )
}

interface LegendProps {
  readonly lines: readonly Line[]
  readonly bands: readonly Band[]
  readonly formatValue: (value: number) => string
}

/** Names and values: of the step under the pointer, else the last ones. */
function Legend({ lines, bands, formatValue }: LegendProps) {
  const [step] = usePointedStep()
  const shownValue = ({ steps, values }: Series): number => {
    const index = step === null ? steps.length - 1 : nearestIndex(steps, step)
    return values[index] ?? Number.NaN
  }
  const both = (lower: number, upper: number) => `${formatValue(lower)} to ${formatValue(upper)}`
  return (
    <ul className="legend small">
      {lines.map(({ label, series, color, isHidden, isDashed }) => (
        <li key={label}>
          {!isHidden && <i className={`swatch c${color}${isDashed ? ' dashed' : ''}`} aria-hidden="true" />}
          {label} <b>{formatValue(shownValue(series))}</b>
        </li>
      ))}
      {bands.map(({ label, lower, upper, color, describe = both }) => (
        <li key={label}>
          <i className={`swatch wide c${color}`} aria-hidden="true" />
          {label} <b>{describe(shownValue(lower), shownValue(upper))}</b>
        </li>
      ))}
    </ul>
  )
}
