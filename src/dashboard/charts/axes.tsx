import { formatNumber } from '../format.ts'
import { niceTicks, type Scale, stepTicks } from './scale.ts'

/** Room around the plot in CSS pixels. */
export const MARGIN = { top: 8, right: 10, bottom: 22, left: 48 } as const

interface Props {
  readonly x: Scale
  readonly y: Scale
  readonly width: number
  readonly height: number
  readonly isStepAxis?: boolean
}

export function Axes({ x, y, width, height, isStepAxis = false }: Props) {
  const columns = Math.max(2, Math.floor(width / 90))
  const xTicks = isStepAxis ? stepTicks(x.min, x.max, columns) : niceTicks(x.min, x.max, columns)
  const yTicks = niceTicks(y.min, y.max, Math.max(2, Math.floor(height / 42)))
  const right = width - MARGIN.right
  const bottom = height - MARGIN.bottom
  return (
    <g className="axes">
      {yTicks.map((tick) => (
        <g key={tick} transform={`translate(0 ${y.toPixel(tick)})`}>
          <line x1={MARGIN.left} x2={right} />
          <text x={MARGIN.left - 6} dy="0.32em" textAnchor="end">
            {formatNumber(tick)}
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
