import { createBudget } from '../../base/budget.ts'
import { registerImageBodies } from '../core/image-bodies.ts'
import { boundBodies } from '../core/image-requests.ts'
import type { ServingRoutesDeps } from '../core/serving-answers.ts'
import type { App } from '../server.ts'
import { assignmentRoutes } from './assignments.ts'
import { embeddingRoutes, modelEmbeddingRoutes } from './embeddings.ts'
import { mapRoutes } from './maps.ts'
import { inferRoutes } from './open-inference.ts'
import { type SearchRoutesDeps, searchRoutes } from './search.ts'

export async function servingRoutes(app: App, deps: ServingRoutesDeps & SearchRoutesDeps): Promise<void> {
  await app.register(async (scope: App) => {
    boundBodies(scope, createBudget(deps.limits.bodiesBytes))
    embeddingRoutes(scope, deps)
    await scope.register(async (inner: App) => inferRoutes(inner, deps))
    await scope.register(async (inner: App) => {
      await registerImageBodies(inner, deps.limits)
      modelEmbeddingRoutes(inner, deps)
      assignmentRoutes(inner, deps)
      mapRoutes(inner, deps)
      searchRoutes(inner, deps)
    })
  })
}
