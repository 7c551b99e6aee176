/** Points as the graphics card takes them, and which of them are where. */
import type { VectorMap } from '../../../client/resources.ts'
import type { Extent, Place } from './view.ts'

export interface Points {
  readonly count: number
  /** x, y of each. */
  readonly places: Float32Array<ArrayBuffer>
  readonly extent: Extent
}

export function pointsOf({ x, y }: Pick<VectorMap, 'x' | 'y'>): Points {
  const count = Math.min(x.length, y.length)
  const places = new Float32Array(2 * count)
  let [left, right, bottom, top] = [Infinity, -Infinity, Infinity, -Infinity]
  for (let i = 0; i < count; i++) {
    const [across, up] = [x[i] ?? 0, y[i] ?? 0]
    places[2 * i] = across
    places[2 * i + 1] = up
    left = Math.min(left, across)
    right = Math.max(right, across)
    bottom = Math.min(bottom, up)
    top = Math.max(top, up)
  }
  const extent = count === 0 ? { left: -1, right: 1, bottom: -1, top: 1 } : { left, right, bottom, top }
  return { count, places, extent }
}

const placeOf = ({ places }: Points, i: number): Place => [places[2 * i] ?? 0, places[2 * i + 1] ?? 0]

/** Inside of a closed line, by how often a ray to the right crosses it. */
export function inside(points: Points, line: readonly Place[]): number[] {
  const found: number[] = []
  if (line.length < 3) return found
  const [xs, ys] = [line.map(([x]) => x), line.map(([, y]) => y)]
  const [left, right] = [Math.min(...xs), Math.max(...xs)]
  const [bottom, top] = [Math.min(...ys), Math.max(...ys)]
  for (let i = 0; i < points.count; i++) {
    const [x, y] = placeOf(points, i)
    if (x >= left && x <= right && y >= bottom && y <= top && isInside([x, y], line)) found.push(i)
  }
  return found
}

function isInside([x, y]: Place, line: readonly Place[]): boolean {
  let crossings = 0
  let [beforeX, beforeY] = line.at(-1) ?? [0, 0]
  for (const [nextX, nextY] of line) {
    if (nextY > y !== beforeY > y && x < ((beforeX - nextX) * (y - nextY)) / (beforeY - nextY) + nextX) crossings++
    beforeX = nextX
    beforeY = nextY
  }
  return crossings % 2 === 1
}

const CELLS = 256

/** Finds the point nearest to a place: in a grid, as a pointer that moves asks for it a hundred times a second. */
export function createPointFinder(points: Points) {
  const { left, right, bottom, top } = points.extent
  const [stepX, stepY] = [(right - left) / CELLS || 1, (top - bottom) / CELLS || 1]
  const cell = (value: number) => Math.min(CELLS - 1, Math.max(0, Math.floor(value)))
  const cells = new Map<number, number[]>()
  for (let i = 0; i < points.count; i++) {
    const [x, y] = placeOf(points, i)
    const key = cell((y - bottom) / stepY) * CELLS + cell((x - left) / stepX)
    const known = cells.get(key)
    if (known === undefined) cells.set(key, [i])
    else known.push(i)
  }
  /** No further than `reach`; null where there is none. */
  return ([x, y]: Place, reach: number): number | null => {
    let best: number | null = null
    let least = reach * reach
    for (let row = cell((y - reach - bottom) / stepY); row <= cell((y + reach - bottom) / stepY); row++) {
      for (let column = cell((x - reach - left) / stepX); column <= cell((x + reach - left) / stepX); column++) {
        for (const i of cells.get(row * CELLS + column) ?? []) {
          const [pointX, pointY] = placeOf(points, i)
          const far = (pointX - x) ** 2 + (pointY - y) ** 2
          if (far > least) continue
          least = far
          best = i
        }
      }
    }
    return best
  }
}
