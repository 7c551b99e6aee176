/** What a request reaches: the rows of its key's project, whatever the code behind its route asks for. */
import type { FastifyInstance } from 'fastify'
import { isCovered } from '../../domain/access.ts'
import type { Services } from '../../services/services.ts'
import type { OperationId } from './access.ts'

/** What admins of the installation do with any project. Of others they see no more than anybody else. */
export const OF_ANY_PROJECT: ReadonlySet<OperationId> = new Set([
  'createProject',
  'listProjects',
  'getProject',
  'updateProject',
  'stopProject',
  'deleteProject',
  'createProjectKey',
  'listProjectKeys'
])

/** Before everything that asks the database on behalf of the request. */
export function registerReach(app: FastifyInstance, { requestWork }: Pick<Services, 'requestWork'>): void {
  // With a callback: what it calls, and all that follows from it, is inside.
  app.addHook('preHandler', (request, _, done) => {
    const { access } = request.routeOptions.config
    if (access === undefined || access === 'public' || access === 'signature') return done()
    const { projectId, scopes } = request.principal
    const { operationId } = (request.routeOptions.schema ?? {}) as { readonly operationId?: OperationId } // access.ts saw to it
    if (operationId !== undefined && OF_ANY_PROJECT.has(operationId) && isCovered('instance:admin', scopes))
      return done()
    requestWork.within(projectId, done)
  })
}
