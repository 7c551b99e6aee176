import { Axes, MARGIN } from './axes.tsx'
import { linearScale, paddedExtent, squeeze, squeezedTicks } from './scale.ts'
import { useWidth } from './use-width.ts'

export interface Dot {
  readonly key: number
  readonly x: number
  /** A count: shown on a squeezed axis, because a few take most. */
  readonly y: number
  readonly title: string
  readonly isMuted?: boolean
}

interface Props {
  readonly label: string
  readonly xLabel: string
  readonly yLabel: string
  readonly dots: readonly Dot[]
  readonly height?: number
}

export function Scatter({ label, xLabel, yLabel, dots, height = 260 }: Props) {
  const [holder, width] = useWidth<HTMLDivElement>()
  const x = linearScale(paddedExtent([dots.map((dot) => dot.x)]), [MARGIN.left, width - MARGIN.right])
  const largest = Math.max(1, ...dots.map((dot) => dot.y))
  const y = linearScale([0, squeeze(largest) * 1.05], [height - MARGIN.bottom, MARGIN.top + 12])
  return (
    <div ref={holder} style={{ height: height + 16 }} className="plot">
      {width > 0 && (
        <svg width={width} height={height + 16} role="img" aria-label={label}>
          <Axes x={x} y={y} width={width} height={height} yTicks={squeezedTicks(largest)} />
          <text className="axis-label" x={MARGIN.left} y={MARGIN.top + 4}>
            {yLabel}
          </text>
          <text className="axis-label" x={width - MARGIN.right} y={height + 12} textAnchor="end">
            {xLabel}
          </text>
          {dots.map((dot) => (
            <circle
              key={dot.key}
              className={dot.isMuted ? 'dot muted-dot' : 'dot'}
              cx={x.toPixel(dot.x)}
              cy={y.toPixel(squeeze(dot.y))}
              r={3.5}
            >
              <title>{dot.title}</title>
            </circle>
          ))}
        </svg>
      )}
    </div>
  )
}
