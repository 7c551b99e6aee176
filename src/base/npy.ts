/** The head of a NumPy file. Of a fixed length, so that it can be written when the number of rows is known. */

export const NPY_HEAD_BYTES = 128
/** Magic, version 1.0 and the length of what follows. */
const PREFIX = Buffer.from('\x93NUMPY\x01\x00\x00\x00', 'latin1')

/** Format version 1.0 of NumPy: a dictionary, padded with spaces to a multiple of 64 that ends with a line feed. */
export const npyHead = (rows: number, columns: number, descr?: string): Buffer => npyHeadOf([rows, columns], descr)

/** Of two dimensions or more; float32 unless NumPy's word for another type is given. */
export function npyHeadOf(shape: readonly number[], descr = '<f4'): Buffer {
  const head = Buffer.alloc(NPY_HEAD_BYTES, ' ')
  PREFIX.copy(head)
  head.writeUInt16LE(NPY_HEAD_BYTES - PREFIX.length, PREFIX.length - 2)
  head.write(`{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`, PREFIX.length)
  head[NPY_HEAD_BYTES - 1] = 0x0a
  return head
}
