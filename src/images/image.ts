/** A decoded image: 8-bit samples, rows from the top, channels interleaved (HWC); gray or RGB. */
export interface Image {
  readonly data: Uint8Array
  readonly width: number
  readonly height: number
  readonly channels: 1 | 3
}

export interface ImageLimits {
  /** Of the encoded file. */
  readonly maxBytes: number
  /** Width × height, read from the header before anything is decoded. */
  readonly maxPixels: number
}

export const DEFAULT_IMAGE_LIMITS: ImageLimits = { maxBytes: 50_000_000, maxPixels: 100_000_000 }
