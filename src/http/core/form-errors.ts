import { AppError, toError } from '../../base/errors.ts'

/**
 * What reading the parts of a form threw, in the words of the catalogue. The form parser throws plain errors about the
 * client's bytes: no boundary, one that never comes, an end in the middle of a part. ECONNRESET is a client that left. Other errors with a
 * code are known elsewhere.
 */
export function readFormError(thrown: unknown): Error {
  const error = toError(thrown)
  const { code = null } = error as { readonly code?: string } // Node's and Fastify's errors have one
  const isParsers = code === null ? error.constructor === Error : code === 'ECONNRESET'
  if (!isParsers) return error
  const message = 'The form is not complete, or not multipart/form-data with the boundary that its Content-Type names.'
  return new AppError('invalid_request', { message }, { cause: error })
}
