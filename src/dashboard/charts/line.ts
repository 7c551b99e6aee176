import type { Series } from './series.ts'

export type Color = 1 | 2 | 3 | 4 | 5

export interface Line {
  readonly label: string
  readonly series: Series
  readonly color: Color
  readonly isDashed?: boolean
  /** Named in the legend with its value, but not drawn. */
  readonly isHidden?: boolean
}

export interface Band {
  readonly label: string
  readonly lower: Series
  readonly upper: Series
  /** What the legend says of both values; without it, both. */
  readonly describe?: (lower: number, upper: number) => string
  readonly color: Color
}
