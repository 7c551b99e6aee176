import { type PointerEvent, useMemo, useRef, useState } from 'react'
import { createPointFinder, type Points } from './points.ts'
import { type Hovered, moved, type Place, type Size, toPixels, toPlane, type View } from './view.ts'

interface Props {
  readonly points: Points
  readonly view: View
  readonly size: Size
  readonly isSelecting: boolean
  readonly onMove: (view: View) => void
  readonly onSelect: (line: readonly Place[]) => void
  readonly onHover: (hovered: Hovered | null) => void
}

/** In pixels: nearer to a point than this it is meant, and a line takes a corner no closer to the last. */
const REACH = 14
const CORNER = 4

/** What a mouse, a pen or a finger does on the plane. With Shift it draws a line whatever is chosen. */
export function MapPointer({ points, view, size, isSelecting, onMove, onSelect, onHover }: Props) {
  const find = useMemo(() => createPointFinder(points), [points])
  const last = useRef<Place | null>(null)
  const [line, setLine] = useState<readonly Place[]>([])
  const isDrawing = line.length > 0
  const begin = (event: PointerEvent<SVGSVGElement>) => {
    if (event.button !== 0) return
    event.currentTarget.setPointerCapture(event.pointerId)
    const at = placeOf(event)
    last.current = at
    onHover(null)
    if (isSelecting || event.shiftKey) setLine([toPlane(view, size, at)])
  }
  const go = (event: PointerEvent<SVGSVGElement>) => {
    const at = placeOf(event)
    const from = last.current
    if (from === null) {
      const point = find(toPlane(view, size, at), REACH / view.scale)
      return onHover(point === null ? null : { point, at })
    }
    if (isDrawing && Math.hypot(at[0] - from[0], at[1] - from[1]) < CORNER) return
    last.current = at
    if (isDrawing) setLine([...line, toPlane(view, size, at)])
    else onMove(moved(view, at[0] - from[0], at[1] - from[1]))
  }
  const end = () => {
    last.current = null
    if (line.length > 2) onSelect(line)
    setLine([])
  }
  return (
    <svg
      className={isSelecting ? 'selecting' : undefined}
      aria-hidden="true"
      width={size.width}
      height={size.height}
      onPointerDown={begin}
      onPointerMove={go}
      onPointerUp={end}
      onPointerCancel={() => {
        last.current = null
        setLine([])
      }}
      onPointerLeave={() => onHover(null)}
    >
      {isDrawing && <polygon className="lasso" points={line.map((place) => toPixels(view, size, place)).join(' ')} />}
    </svg>
  )
}

const placeOf = ({ currentTarget, clientX, clientY }: PointerEvent<SVGSVGElement>): Place => {
  const { left, top } = currentTarget.getBoundingClientRect()
  return [clientX - left, clientY - top]
}
