import { formatCount, formatNumber } from '../format.ts'
import { Axes, MARGIN } from './axes.tsx'
import { linearScale } from './scale.ts'
import { useWidth } from './use-width.ts'

interface Props {
  readonly label: string
  /** One more than counts. */
  readonly edges: readonly number[]
  readonly counts: readonly number[]
  readonly marks?: readonly { readonly value: number; readonly label: string }[]
  readonly height?: number
}

export function Histogram({ label, edges, counts, marks = [], height = 200 }: Props) {
  const [holder, width] = useWidth<HTMLDivElement>()
  const x = linearScale([edges[0] ?? 0, edges.at(-1) ?? 1], [MARGIN.left, width - MARGIN.right])
  const top = MARGIN.top + (marks.length > 0 ? 12 : 0)
  const y = linearScale([0, Math.max(1, ...counts)], [height - MARGIN.bottom, top])
  return (
    <div ref={holder} style={{ height }} className="plot">
      {width > 0 && (
        <svg width={width} height={height} role="img" aria-label={label}>
          <Axes x={x} y={y} width={width} height={height} />
          {counts.map((count, index) => (
            <Bar
              key={edges[index]}
              left={x.toPixel(edges[index] ?? 0)}
              right={x.toPixel(edges[index + 1] ?? 0)}
              top={y.toPixel(count)}
              bottom={y.toPixel(0)}
              title={`${formatNumber(edges[index])} to ${formatNumber(edges[index + 1])}: ${formatCount(count)}`}
            />
          ))}
          {marks.map(({ value, label: name }) => (
            <g key={name} className="crosshair">
              <line x1={x.toPixel(value)} x2={x.toPixel(value)} y1={top} y2={height - MARGIN.bottom} />
              <text x={x.toPixel(value)} y={top - 4} textAnchor="middle">
                {name}
              </text>
            </g>
          ))}
        </svg>
      )}
    </div>
  )
}

interface BarProps {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
  readonly title: string
}

function Bar({ left, right, top, bottom, title }: BarProps) {
  return (
    <rect
      className="bar"
      x={left + 0.5}
      width={Math.max(1, right - left - 1)}
      y={top}
      height={Math.max(0, bottom - top)}
    >
      <title>{title}</title>
    </rect>
  )
}
