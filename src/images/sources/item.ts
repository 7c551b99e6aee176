/** What comes out of a source, one at a time and in an order that depends on the source alone. */

/** A file that may be an image; nothing but its name and length has been looked at. */
export interface SourceFile {
  readonly kind: 'file'
  readonly name: string
  /** The folder right above the file, at whatever depth; null at the top. */
  readonly className: string | null
  /** In place of it, the number of a class, or null: of an image that was packed before. */
  readonly label?: number | null
  readonly bytes: Uint8Array
}

/** An image that is stored as pixels: 8 bits, HWC. */
export interface SourcePixels {
  readonly kind: 'pixels'
  readonly name: string
  readonly width: number
  readonly height: number
  readonly channels: 1 | 3
  readonly label: number | null
  readonly bytes: Uint8Array
}

/** A file that is not even read. */
export interface SourceRejection {
  readonly kind: 'rejected'
  readonly name: string
  readonly code: string
  readonly message: string
}

export type SourceItem = SourceFile | SourcePixels | SourceRejection
