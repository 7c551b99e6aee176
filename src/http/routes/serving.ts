import { registerImageBodies } from '../core/image-bodies.ts'
import type { ServingRoutesDeps } from '../core/serving-answers.ts'
import type { App } from '../server.ts'
import { assignmentRoutes } from './assignments.ts'
import { embeddingRoutes, modelEmbeddingRoutes } from './embeddings.ts'

export async function servingRoutes(app: App, deps: ServingRoutesDeps): Promise<void> {
  embeddingRoutes(app, deps)
  await app.register(async (scope: App) => {
    await registerImageBodies(scope, deps.limits)
    modelEmbeddingRoutes(scope, deps)
    assignmentRoutes(scope, deps)
  })
}
