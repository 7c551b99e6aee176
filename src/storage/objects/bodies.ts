/** Bodies that come from elsewhere and may break at any moment, also before or after anybody reads them. */
import { Readable } from 'node:stream'
import { AppError, toError } from '../../base/errors.ts'

/** An error that no one listens for ends the process. Whoever reads the stream later still gets it from there. */
export function holdErrors<T>(body: T): T {
  if (body instanceof Readable) body.on('error', () => {})
  return body
}

/**
 * So many bytes of a body, neither more nor fewer. The stream stays open: who sent too much is still to be answered.
 *
 * @throws AppError body_too_large; upload_incomplete, also when the sender is gone
 */
export async function* exactly(body: Readable, bytes: number): AsyncGenerator<Buffer> {
  let received = 0
  try {
    for await (const chunk of body.iterator({ destroyOnReturn: false })) {
      received += chunk.length
      if (received > bytes) throw new AppError('body_too_large', { limit: bytes, message: tooLong(bytes) })
      yield chunk
    }
  } catch (thrown) {
    const error = toError(thrown)
    if (error instanceof AppError) throw error
    throw new AppError('upload_incomplete', { message: tooShort(received, bytes) }, { cause: error })
  }
  if (received < bytes) throw new AppError('upload_incomplete', { message: tooShort(received, bytes) })
}

/**
 * Before a byte is read.
 *
 * @param declared what the sender says; null when it does not
 * @throws AppError body_too_large, upload_incomplete
 */
export function checkLength(declared: number | null, bytes: number): void {
  if (declared === null || declared === bytes) return
  if (declared > bytes) throw new AppError('body_too_large', { limit: bytes, message: tooLong(bytes) })
  throw new AppError('upload_incomplete', { message: tooShort(declared, bytes) })
}

const tooLong = (bytes: number): string => `The part has more than the ${bytes} bytes that were announced.`
const tooShort = (received: number, bytes: number): string =>
  `The part has ${received} of the ${bytes} bytes that were announced.`
