import { type RefObject, useEffect, useRef, useState } from 'react'
import { FIRST_DRAWN } from './first-drawn.ts'
import { createGlPoints, type GlPoints } from './gl-points.ts'
import type { Points } from './points.ts'
import { fit, type Size, type View } from './view.ts'

interface Shown {
  readonly points: Points
  readonly colours: Uint8Array<ArrayBuffer>
  /** Of the points, those that are not faint; null or none for all. */
  readonly selected: readonly number[] | null
  readonly view: View
  readonly size: Size
}

/** Draws when something has changed, once for each frame at the most. */
export function useGlPoints(
  canvas: RefObject<HTMLCanvasElement | null>,
  shown: Shown
): { readonly isRefused: boolean } {
  const { points, colours, selected, view, size } = shown
  const gl = useRef<GlPoints | null>(null)
  const [isRefused, setIsRefused] = useState(false)
  /** Raised when the graphics card has come back after it was lost. */
  const [life, setLife] = useState(0)

  // biome-ignore lint/correctness/useExhaustiveDependencies: another life is another context
  useEffect(() => {
    const { current } = canvas
    if (current === null) return
    const made = createGlPoints(current, points)
    gl.current = made
    setIsRefused(made === null)
    const lost = (event: Event) => event.preventDefault()
    const restored = () => setLife((before) => before + 1)
    current.addEventListener('webglcontextlost', lost)
    current.addEventListener('webglcontextrestored', restored)
    return () => {
      current.removeEventListener('webglcontextlost', lost)
      current.removeEventListener('webglcontextrestored', restored)
      made?.dispose()
      gl.current = null
    }
  }, [canvas, points, life])

  // biome-ignore lint/correctness/useExhaustiveDependencies: another life has lost them
  useEffect(() => gl.current?.setColours(colours), [colours, points, life])

  // biome-ignore lint/correctness/useExhaustiveDependencies: another life has lost them
  useEffect(() => {
    const isLeft = new Uint8Array(points.count).fill(selected === null || selected.length === 0 ? 0 : 1)
    for (const i of selected ?? []) isLeft[i] = 0
    gl.current?.setLeft(isLeft)
  }, [selected, points, life])

  // biome-ignore lint/correctness/useExhaustiveDependencies: whatever changed has to be drawn
  useEffect(() => {
    if (size.width === 0) return
    const frame = requestAnimationFrame(() => {
      const zoom = view.scale / fit(points.extent, size).scale
      gl.current?.draw(view, size, Math.max(1, zoom))
      if (performance.getEntriesByName(FIRST_DRAWN).length === 0) performance.mark(FIRST_DRAWN)
    })
    return () => cancelAnimationFrame(frame)
  }, [points, colours, selected, view, size, life])

  return { isRefused }
}
