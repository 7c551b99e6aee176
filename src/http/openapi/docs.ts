/** `/openapi.json`'s document, and `/docs`: Swagger UI from its own package, nothing from elsewhere. */
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import type { Operation } from '../core/operations.ts'
import { DOCS_CSS, DOCS_ICON, DOCS_SCRIPT } from './docs-look.ts'
import { buildDocument, type OpenApiDocument } from './document.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Complete when the app is ready. */
    openApi: OpenApiDocument
  }
}

export async function registerDocs(app: FastifyInstance, operations: readonly Operation[]): Promise<void> {
  const document: OpenApiDocument = buildDocument([])
  app.decorate('openApi', document)
  app.addHook('onReady', async () => {
    Object.assign(document, buildDocument(operations))
  })
  await app.register(swagger, { mode: 'static', specification: { document: document as never } }) // filled when ready
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: true,
    // No logo at all; the type knows only another one.
    logo: null as never,
    theme: {
      title: 'API · Kappa',
      css: [{ filename: 'kappa.css', content: DOCS_CSS }],
      js: [{ filename: 'kappa.js', content: DOCS_SCRIPT }],
      favicon: [{ filename: 'kappa.svg', rel: 'icon', type: 'image/svg+xml', sizes: 'any', content: DOCS_ICON }]
    },
    // The standalone layout has a bar with its packager's logo. A link within the button that opens an operation is out of
    // the keyboard's reach (axe: nested-interactive).
    uiConfig: { layout: 'BaseLayout', deepLinking: false },
    // The package's policy sends browsers to https, which a local http server does not speak.
    transformStaticCSP: (policy) => policy.replace(/upgrade-insecure-requests;?/, '')
  })
}
