/** Images in, rows out: how pixels are packed for a program with a free batch dimension. */

/** @param images [S, S, C] bytes each, all of one size; returns [N, S, S, C] */
export function concatenateImages(images: readonly Uint8Array[]): Uint8Array {
  const size = images[0]?.length ?? 0
  const packed = new Uint8Array(images.length * size)
  images.forEach((image, i) => {
    if (image.length !== size) throw new Error(`invariant: images of ${size} and ${image.length} bytes in one batch`)
    packed.set(image, i * size)
  })
  return packed
}

/** Rows of a flat [rows, …] matrix, as views. */
export function splitRows(matrix: Float32Array, rows: number): Float32Array[] {
  const width = matrix.length / rows
  return Array.from({ length: rows }, (_, row) => matrix.subarray(row * width, (row + 1) * width))
}
