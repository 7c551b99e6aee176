import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react'
import { useWidth } from '../../charts/use-width.ts'
import { MapPointer } from './map-pointer.tsx'
import type { Points } from './points.ts'
import { useGlPoints } from './use-gl-points.ts'
import { fit, type Hovered, moved, type Place, type Size, type View, zoomed } from './view.ts'

interface Props {
  readonly label: string
  readonly points: Points
  readonly colours: Uint8Array<ArrayBuffer>
  readonly selected: readonly number[] | null
  readonly isSelecting: boolean
  readonly onSelect: (line: readonly Place[]) => void
  readonly onHover: (hovered: Hovered | null) => void
}

const ZOOM = 1.5
/** Of a press of an arrow key, in pixels. */
const STEP = 60

/** The plane: dragged and zoomed, or a line drawn around what is meant. */
export function MapCanvas({ label, points, colours, selected, isSelecting, onSelect, onHover }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const [holder, width] = useWidth<HTMLDivElement>()
  const size = useMemo<Size>(() => ({ width, height: Math.round(Math.min(560, Math.max(280, width * 0.6))) }), [width])
  const [chosen, setView] = useState<View | null>(null)
  const view = useMemo(() => chosen ?? fit(points.extent, size), [chosen, points, size])
  const { isRefused } = useGlPoints(canvas, { points, colours, selected, view, size })
  const zoom = (by: number, at: Place = [size.width / 2, size.height / 2]) =>
    setView(zoomed(view, { size, extent: points.extent, at, by }))
  useWheel(holder, zoom)
  const onKeyDown = (event: KeyboardEvent) => {
    const step = STEPS.get(event.key)
    if (step) setView(moved(view, ...step))
    else if (event.key === '+' || event.key === '=') zoom(ZOOM)
    else if (event.key === '-') zoom(1 / ZOOM)
    else if (event.key === '0') setView(null)
    else return
    event.preventDefault()
  }
  if (isRefused) return <div className="empty">This browser has no WebGL 2, which draws the map.</div>
  return (
    <>
      <div
        ref={holder}
        className="map"
        role="application"
        aria-label={`${label}. Arrow keys move it, plus and minus zoom, 0 shows all of it.`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it is moved by the keyboard
        tabIndex={0}
        style={{ height: size.height }}
        onKeyDown={onKeyDown}
      >
        <canvas ref={canvas} style={{ width: size.width, height: size.height }} />
        <MapPointer {...{ points, view, size, isSelecting, onSelect, onHover }} onMove={setView} />
      </div>
      <div className="actions">
        <button type="button" onClick={() => zoom(ZOOM)}>
          Zoom in
        </button>
        <button type="button" onClick={() => zoom(1 / ZOOM)}>
          Zoom out
        </button>
        <button type="button" onClick={() => setView(null)}>
          Whole map
        </button>
        <button type="button" onClick={() => onSelect(cornersOf(view, size))}>
          Select what is in view
        </button>
      </div>
    </>
  )
}

const STEPS = new Map<string, readonly [right: number, down: number]>([
  ['ArrowLeft', [STEP, 0]],
  ['ArrowRight', [-STEP, 0]],
  ['ArrowUp', [0, STEP]],
  ['ArrowDown', [0, -STEP]]
])

function cornersOf({ centerX, centerY, scale }: View, { width, height }: Size): readonly Place[] {
  const [x, y] = [width / 2 / scale, height / 2 / scale]
  return [
    [centerX - x, centerY - y],
    [centerX + x, centerY - y],
    [centerX + x, centerY + y],
    [centerX - x, centerY + y]
  ]
}

/** Not React's: its listener is passive, and the page would scroll away below the map. */
function useWheel(holder: { readonly current: HTMLElement | null }, zoom: (by: number, at: Place) => void): void {
  const latest = useRef(zoom)
  useEffect(() => {
    latest.current = zoom
  })
  useEffect(() => {
    const { current } = holder
    const onWheel = (event: WheelEvent) => {
      event.preventDefault()
      const { left, top } = (event.currentTarget as HTMLElement).getBoundingClientRect() // that it was added to
      latest.current(Math.exp(-event.deltaY / 400), [event.clientX - left, event.clientY - top])
    }
    current?.addEventListener('wheel', onWheel, { passive: false })
    return () => current?.removeEventListener('wheel', onWheel)
  }, [holder])
}
