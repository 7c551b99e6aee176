/** The head of a NumPy file of float32 numbers. Of a fixed length, so that it can be written when the number of rows is known. */

const HEAD_BYTES = 128
/** Magic, version 1.0 and the length of what follows. */
const PREFIX = Buffer.from('\x93NUMPY\x01\x00\x00\x00', 'latin1')

/** Format version 1.0 of NumPy: a dictionary, padded with spaces to a multiple of 64 that ends with a line feed. */
export const npyHead = (rows: number, columns: number): Buffer => npyHeadOf([rows, columns])

/** Of two dimensions or more. */
export function npyHeadOf(shape: readonly number[]): Buffer {
  const head = Buffer.alloc(HEAD_BYTES, ' ')
  PREFIX.copy(head)
  head.writeUInt16LE(HEAD_BYTES - PREFIX.length, PREFIX.length - 2)
  head.write(`{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`, PREFIX.length)
  head[HEAD_BYTES - 1] = 0x0a
  return head
}
