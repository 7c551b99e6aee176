/** A field that nobody reads is refused, also where no field is read: `:resume {"epochs": 200}` was a 200 that changed no epochs. */
import type { FastifyInstance } from 'fastify'
import { AppError } from '../../base/errors.ts'

/** What was parsed as JSON and says something; streams and bytes of images are none of it. */
const saysSomething = (body: unknown): boolean =>
  Array.isArray(body) ||
  (typeof body === 'object' &&
    body !== null &&
    Object.getPrototypeOf(body) === Object.prototype &&
    Object.keys(body).length > 0)

/** After what authenticates. @throws AppError invalid_request, from the hook */
export function registerNoBody(app: FastifyInstance): void {
  app.addHook('preValidation', async ({ body, routeOptions, is404 }) => {
    if (is404 || routeOptions.schema?.body !== undefined || !saysSomething(body)) return
    throw new AppError('invalid_request', { errors: [{ path: '', message: 'is not read: this request has no body' }] })
  })
}
