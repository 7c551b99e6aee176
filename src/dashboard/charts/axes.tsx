import { formatNumber } from '../format.ts'
import { niceTicks, type Scale, stepTicks, type Tick } from './scale.ts'

/** Room around the plot in CSS pixels. */
export const MARGIN = { top: 8, right: 10, bottom: 22, left: 48 } as const

interface Props {
  readonly x: Scale
  readonly y: Scale
  readonly width: number
  readonly height: number
  readonly isStepAxis?: boolean
  /** Instead of round numbers, where the scale is not one of plain values. */
  readonly yTicks?: readonly Tick[]
}

const plainTick = (at: number): Tick => ({ at, label: formatNumber(at) })

export function Axes({ x, y, width, height, isStepAxis = false, yTicks }: Props) {
  const columns = Math.max(2, Math.floor(width / 90))
  const xTicks = isStepAxis ? stepTicks(x.min, x.max, columns) : niceTicks(x.min, x.max, columns)
  const rows = yTicks ?? niceTicks(y.min, y.max, Math.max(2, Math.floor(height / 42))).map(plainTick)
  const right = width - MARGIN.right
  const bottom = height - MARGIN.bottom
  return (
    <g className="axes">
      {rows.map(({ at, label }) => (
        <g key={at} transform={`translate(0 ${y.toPixel(at)})`}>
          <line x1={MARGIN.left} x2={right} />
          <text x={MARGIN.left - 6} dy="0.32em" textAnchor="end">
            {label}
          </text>
        </g>
      ))}
      {xTicks.map((tick) => (
        <text key={tick} x={x.toPixel(tick)} y={bottom + 15} textAnchor="middle">
          {formatNumber(tick)}
        </text>
      ))}
    </g>
  )
}
