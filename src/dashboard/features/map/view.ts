/** Which part of the plane a canvas shows: pixels from its upper left corner, y of the plane upwards. */
export interface View {
  readonly centerX: number
  readonly centerY: number
  /** Pixels for a unit of the plane, both ways alike: a distance is one whichever way it goes. */
  readonly scale: number
}

export interface Size {
  readonly width: number
  readonly height: number
}

export interface Extent {
  readonly left: number
  readonly right: number
  readonly bottom: number
  readonly top: number
}

export type Place = readonly [x: number, y: number]

/** A point that a pointer is at. */
export interface Hovered {
  readonly point: number
  /** In pixels of the canvas. */
  readonly at: Place
}

const MARGIN = 0.92
const MOST_ZOOM = 400
const LEAST_ZOOM = 0.5

const fitScale = ({ left, right, bottom, top }: Extent, { width, height }: Size): number => {
  const byWidth = width / (right - left || 1)
  const byHeight = height / (top - bottom || 1)
  return MARGIN * Math.min(byWidth, byHeight)
}

/** All of it. */
export const fit = (extent: Extent, size: Size): View => ({
  centerX: (extent.left + extent.right) / 2,
  centerY: (extent.bottom + extent.top) / 2,
  scale: fitScale(extent, size)
})

export const toPixels = ({ centerX, centerY, scale }: View, { width, height }: Size, [x, y]: Place): Place => [
  width / 2 + (x - centerX) * scale,
  height / 2 - (y - centerY) * scale
]

export const toPlane = ({ centerX, centerY, scale }: View, { width, height }: Size, [x, y]: Place): Place => [
  centerX + (x - width / 2) / scale,
  centerY - (y - height / 2) / scale
]

export const moved = (view: View, right: number, down: number): View => ({
  ...view,
  centerX: view.centerX - right / view.scale,
  centerY: view.centerY + down / view.scale
})

/** Nearer by a factor; what is under the pixel stays there. */
export function zoomed(
  view: View,
  { size, extent, at, by }: { readonly size: Size; readonly extent: Extent; readonly at: Place; readonly by: number }
): View {
  const whole = fitScale(extent, size)
  const scale = Math.min(MOST_ZOOM * whole, Math.max(LEAST_ZOOM * whole, view.scale * by))
  const [x, y] = toPlane(view, size, at)
  return {
    scale,
    centerX: x - (at[0] - size.width / 2) / scale,
    centerY: y + (at[1] - size.height / 2) / scale
  }
}
