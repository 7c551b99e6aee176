import { labelled, niceTicks, type Scale, stepTicks, type Tick } from './scale.ts'

/** Room around the plot in CSS pixels. */
export const MARGIN = { top: 8, right: 10, bottom: 22, left: 48 } as const

/** So many labels have room above each other. */
export const rowsIn = (height: number): number => Math.max(2, Math.floor(height / 42))

interface Props {
  readonly x: Scale
  readonly y: Scale
  readonly width: number
  readonly height: number
  readonly isStepAxis?: boolean
  /** Instead of round numbers, where the scale is not one of plain values. */
  readonly yTicks?: readonly Tick[]
}

export function Axes({ x, y, width, height, isStepAxis = false, yTicks }: Props) {
  const columns = Math.max(2, Math.floor(width / 90))
  const xTicks = labelled(isStepAxis ? stepTicks(x.min, x.max, columns) : niceTicks(x.min, x.max, columns))
  const rows = yTicks ?? labelled(niceTicks(y.min, y.max, rowsIn(height)))
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
      {xTicks.map(({ at, label }) => (
        <text key={at} x={x.toPixel(at)} y={bottom + 15} textAnchor="middle">
          {label}
        </text>
      ))}
    </g>
  )
}
