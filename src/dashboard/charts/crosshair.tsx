import { formatCount, formatNumber } from '../format.ts'
import { MARGIN } from './axes.tsx'
import type { Line } from './line.ts'
import { usePointedStep } from './pointed-step.ts'
import type { Scale } from './scale.ts'
import { nearestIndex } from './series.ts'

interface Props {
  readonly x: Scale
  readonly y: Scale
  readonly xName: string
  readonly lines: readonly Line[]
  readonly bottom: number
}

/** The pointed step, drawn: a line with the step's number, and a dot on each line of the chart. */
export function Crosshair({ x, y, xName, lines, bottom }: Props) {
  const [step] = usePointedStep()
  if (step === null || step < x.min || step > x.max) return null
  const pixel = x.toPixel(step)
  const isRight = pixel > (x.toPixel(x.min) + x.toPixel(x.max)) / 2
  return (
    <g className="crosshair">
      <line x1={pixel} x2={pixel} y1={MARGIN.top} y2={bottom} />
      <text x={pixel + (isRight ? -5 : 5)} y={bottom - 5} textAnchor={isRight ? 'end' : 'start'}>
        {xName === 'step' ? `step ${formatCount(step)}` : `${formatNumber(step)} ${xName}`}
      </text>
      {lines.map(({ label, series, color }) => {
        const value = series.values[nearestIndex(series.steps, step)]
        return value === undefined || !Number.isFinite(value) ? null : (
          <circle key={label} className={`c${color}`} cx={pixel} cy={y.toPixel(value)} r={3} />
        )
      })}
    </g>
  )
}
