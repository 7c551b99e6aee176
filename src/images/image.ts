/** Images, and what is known of them before and after they are decoded. */
import type { EncodedFormat } from '../base/image-formats.ts'

/** A decoded image: 8-bit samples, rows from the top, channels interleaved (HWC); gray, RGB, or another number of bands. */
export interface Image {
  readonly data: Uint8Array
  readonly width: number
  readonly height: number
  readonly channels: number
}

/** What its header says of an encoded image. */
export interface ImageInfo {
  readonly format: EncodedFormat
  /** As shown: after the orientation that EXIF asks for. */
  readonly width: number
  readonly height: number
  /** 1 for gray images without transparency, whatever their depth; 3 for everything else; bands where they were asked for. */
  readonly channels: number
  /** More than 8 bits a sample, which are brought to 8. */
  readonly isDeep: boolean
}

export interface ImageLimits {
  /** Of the encoded file. */
  readonly maxBytes: number
  /** Width × height, read from the header before anything is decoded. */
  readonly maxPixels: number
}

export const DEFAULT_IMAGE_LIMITS: ImageLimits = { maxBytes: 50_000_000, maxPixels: 100_000_000 }
