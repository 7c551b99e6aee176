/** Sizes of images that are made to fit into a square, as Pillow's Image.thumbnail rounds them. */
import type { Size } from './crop-geometry.ts'

/** Of both whole numbers beside it the one that keeps the shape better; at least 1. */
function nearest(length: number, error: (rounded: number) => number): number {
  const [below, above] = [Math.floor(length), Math.ceil(length)]
  return Math.max(1, error(above) < error(below) ? above : below)
}

/** As large as fits into `side` × `side` without another shape; what fits already stays as it is. */
export function thumbnailSize({ width, height }: Size, side: number): Size {
  if (width <= side && height <= side) return { width, height }
  const aspect = width / height
  if (aspect <= 1) return { width: nearest(side * aspect, (n) => Math.abs(aspect - n / side)), height: side }
  return { width: side, height: nearest(side / aspect, (n) => (n === 0 ? 0 : Math.abs(aspect - side / n))) }
}
