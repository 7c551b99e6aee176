import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { isAppError } from '../../../src/base/errors.ts'
import type { SignedObjects } from '../../../src/domain/ports.ts'

interface Scope {
  after(hook: () => unknown): void
}

/** The API's two routes for signed local objects, as small as they can be. */
export async function serveSignedObjects(store: () => SignedObjects, scope: Scope): Promise<string> {
  const server = createServer(async (request, response) => {
    const token = request.url?.split('/').at(-1) ?? ''
    try {
      if (request.method === 'PUT') {
        response.setHeader('etag', (await store().writePart(token, request, null)).etag)
        response.end()
      } else {
        const { read, filename } = await store().openObject(token)
        response.setHeader('content-disposition', `attachment; filename*=UTF-8''${encodeURIComponent(filename)}`)
        read().pipe(response)
      }
    } catch (error) {
      response.statusCode = isAppError(error, 'forbidden') ? 403 : 404
      response.end(String(error))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  scope.after(() => server.close())
  server.unref()
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  return `http://127.0.0.1:${address.port}`
}
