/** Gray images have 1 channel and colour 3; any other number are bands: measurements of a microscope or a satellite. */
export const MOST_BANDS = 16

export const isBands = (channels: number): boolean => channels !== 1 && channels !== 3

/** What a dataset may ask for: gray and colour need not be said. */
export const BAND_COUNTS: readonly number[] = Array.from({ length: MOST_BANDS }, (_, i) => i + 1).filter((count) =>
  isBands(count)
)
