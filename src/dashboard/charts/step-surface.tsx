import { type KeyboardEvent, type PointerEvent, useRef, useState } from 'react'
import { MARGIN } from './axes.tsx'
import { usePointedStep } from './pointed-step.ts'
import type { Scale } from './scale.ts'
import { nearestIndex } from './series.ts'

interface Props {
  readonly title: string
  readonly xName: string
  readonly x: Scale
  readonly steps: readonly number[]
  readonly height: number
  readonly onZoom?: (range: readonly [number, number] | null) => void
}

/** Less than this many pixels is a click, not a selection. */
const SMALLEST_DRAG = 6

/** Lies over the plot: points at a step by pointer or arrow keys, and selects a range of steps by dragging. */
export function StepSurface({ title, xName, x, steps, height, onZoom }: Props) {
  const [step, point] = usePointedStep()
  const [dragged, setDragged] = useState<readonly [number, number] | null>(null)
  const start = useRef<number | null>(null)
  const width = x.toPixel(x.max) - MARGIN.left

  const pixelOf = (event: PointerEvent) => {
    const { left } = event.currentTarget.getBoundingClientRect()
    return Math.min(width, Math.max(0, event.clientX - left))
  }
  const stepOf = (pixel: number) => x.toValue(pixel + MARGIN.left)
  const onPointerDown = (event: PointerEvent) => {
    if (!onZoom || event.button !== 0) return
    event.currentTarget.setPointerCapture(event.pointerId)
    start.current = pixelOf(event)
  }
  const onPointerMove = (event: PointerEvent) => {
    const pixel = pixelOf(event)
    point(steps[nearestIndex(steps, stepOf(pixel))] ?? null)
    if (start.current !== null) setDragged([Math.min(start.current, pixel), Math.max(start.current, pixel)])
  }
  const onPointerUp = () => {
    start.current = null
    setDragged(null)
    if (dragged === null || dragged[1] - dragged[0] < SMALLEST_DRAG) return
    onZoom?.([Math.floor(stepOf(dragged[0])), Math.ceil(stepOf(dragged[1]))])
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') return onZoom?.(null)
    const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
    if (by === 0) return
    event.preventDefault()
    const stride = event.shiftKey ? Math.max(1, Math.round(steps.length / 20)) : 1
    const now = step === null ? steps.length - 1 : nearestIndex(steps, step)
    point(steps[Math.min(steps.length - 1, Math.max(0, now + by * stride))] ?? null)
  }

  return (
    <div
      className="surface"
      role="slider"
      tabIndex={0}
      aria-label={`${xName === 'step' ? 'Step' : `By ${xName}`} in ${title}; arrow keys move, Escape shows all steps`}
      aria-valuemin={steps[0] ?? 0}
      aria-valuemax={steps.at(-1) ?? 0}
      aria-valuenow={step ?? steps.at(-1) ?? 0}
      style={{ left: MARGIN.left, top: MARGIN.top, width, height: height - MARGIN.top - MARGIN.bottom }}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={onPointerUp}
      onPointerCancel={() => setDragged(null)}
      onPointerLeave={() => start.current === null && point(null)}
      onDoubleClick={() => onZoom?.(null)}
      onKeyDown={onKeyDown}
      onBlur={() => point(null)}
    >
      {dragged && <i className="selection" style={{ left: dragged[0], width: dragged[1] - dragged[0] }} />}
    </div>
  )
}
