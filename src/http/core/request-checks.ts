/** What every request must be before anybody looks at who sent it. */
import type { FastifyInstance } from 'fastify'
import { AppError } from '../../base/errors.ts'

const refuse = (path: string, message: string): AppError =>
  new AppError('invalid_request', { errors: [{ path, message }] })

export function registerRequestChecks(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ raw }) => {
    // Node would answer this by itself, with nothing in the answer.
    if (raw.httpVersion === '1.1' && raw.headers.host === undefined) throw refuse('Host', 'is required')
    const { 'content-encoding': encoding = 'identity' } = raw.headers
    if (encoding !== 'identity') {
      throw new AppError('unsupported_media_type', { message: 'Bodies are taken without a Content-Encoding.' })
    }
    // Node hands raw bytes over as if they were Latin-1.
    if (/[^\x21-\x7e]/.test(raw.url ?? '')) throw refuse('path', 'must be percent-encoded')
  })
}
