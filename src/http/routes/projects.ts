import { Type } from 'typebox'
import type { Services } from '../../services/services.ts'
import { expectedBy } from '../core/etag.ts'
import { IdParams, PageQuery, presentPage, toPageRequest } from '../schemas/common.ts'
import { CreateKey, IssuedKey, KeyList, presentKey, readKeyRequest, withoutSecret } from '../schemas/key.ts'
import {
  CreateProject,
  DeleteProjectQuery,
  Project,
  ProjectList,
  presentProject,
  presentRules,
  readProject,
  UpdateProject
} from '../schemas/project.ts'
import type { App } from '../server.ts'

const tags = ['projects']

export function projectRoutes(app: App, { projects }: Pick<Services, 'projects'>): void {
  app.post(
    '/v1/projects',
    {
      schema: {
        operationId: 'createProject',
        tags,
        summary: 'Make a project',
        description: 'For admins of the installation. Nobody can use it before it has a key.',
        body: CreateProject,
        response: { 201: Project }
      },
      config: { isIdempotent: true, problems: ['project_name_taken'] }
    },
    async ({ body }, reply) => {
      const project = await projects.create({ ...readProject(body), name: body.name })
      return reply.code(201).header('location', `/v1/projects/${project.id}`).send(presentProject(project))
    }
  )

  app.get(
    '/v1/projects',
    {
      schema: {
        operationId: 'listProjects',
        tags,
        summary: 'List projects, newest first',
        description: 'All of them for admins of the installation, for others their own.',
        querystring: PageQuery,
        response: { 200: ProjectList }
      }
    },
    async ({ query, principal }) => presentPage(await projects.list(principal, toPageRequest(query)), presentProject)
  )

  app.get(
    '/v1/projects/:id',
    {
      schema: {
        operationId: 'getProject',
        tags,
        summary: 'Get a project, with what it uses and what it may have',
        params: IdParams,
        response: { 200: Project, 304: Type.Null() }
      },
      config: { problems: ['project_not_found'] }
    },
    async ({ params, principal }) => presentProject(await projects.get(principal, params.id))
  )

  app.patch(
    '/v1/projects/:id',
    {
      schema: {
        operationId: 'updateProject',
        tags,
        summary: 'Rename a project, or change its quotas and which checkpoints stay',
        description: 'For admins of the installation. A quota below what is used refuses more and takes nothing away.',
        params: IdParams,
        body: UpdateProject,
        response: { 200: Project }
      },
      config: { problems: ['project_not_found', 'project_name_taken'] }
    },
    async (request) => {
      const { params, body } = request
      const asked = { ...readProject(body), isExpected: expectedBy(request, presentRules) }
      return presentProject(await projects.update(params.id, asked))
    }
  )
}

export function projectRemovalRoutes(
  app: App,
  { projects, stopProject }: Pick<Services, 'projects' | 'stopProject'>
): void {
  app.post(
    '/v1/projects/:id([0-9a-z_]+)::stop',
    {
      schema: {
        operationId: 'stopProject',
        tags,
        summary: 'Cancel everything in a project that has not ended',
        description:
          'For admins of the installation. Runs but those that are paused, evaluations, exports, imports and versions that are being made, each as by its own `:cancel`; workers stop within seconds. What its keys queue afterwards is not stopped.',
        params: IdParams,
        response: { 200: Project }
      },
      config: { problems: ['project_not_found'] }
    },
    async ({ params, principal }) => {
      await stopProject(params.id)
      return presentProject(await projects.get(principal, params.id))
    }
  )

  app.delete(
    '/v1/projects/:id',
    {
      schema: {
        operationId: 'deleteProject',
        tags,
        summary: 'Delete a project with its keys and webhooks, and with what is in it where that is said',
        description:
          'For admins of the installation. Refused while something is in it (409 with counts), unless `contents=delete` says that it all shall go, and then while any of it is worked on. Its keys open nothing any more, at once in the process that answers and within 5 seconds in others. Its audit log goes over to the project of who deletes it. One does not delete the own project, nor the one that an installation begins with.',
        params: IdParams,
        querystring: DeleteProjectQuery,
        response: { 204: Type.Null() }
      },
      config: { problems: ['project_not_found', 'project_not_empty', 'project_in_use', 'last_admin_key'] }
    },
    async ({ params, query, principal }, reply) => {
      await projects.remove(principal, params.id, { withContents: query.contents === 'delete' })
      return reply.code(204).send(null)
    }
  )
}

/** Members of a project: its keys. */
export function projectKeyRoutes(app: App, { projects }: Pick<Services, 'projects'>): void {
  app.post(
    '/v1/projects/:id/keys',
    {
      schema: {
        operationId: 'createProjectKey',
        tags,
        summary: 'Make a key of a project',
        description:
          "For admins of the installation: a new project's first admin key. With that, POST /v1/keys makes the rest.",
        params: IdParams,
        body: CreateKey,
        response: { 201: IssuedKey }
      },
      config: { isIdempotent: true, redact: withoutSecret, problems: ['project_not_found', 'last_admin_key'] }
    },
    async ({ params, body, principal }, reply) => {
      const issued = await projects.createKey(principal, params.id, readKeyRequest(body))
      return reply.code(201).send({ ...presentKey(issued.key), key: issued.token })
    }
  )

  app.get(
    '/v1/projects/:id/keys',
    {
      schema: {
        operationId: 'listProjectKeys',
        tags,
        summary: "List a project's keys, newest first",
        params: IdParams,
        querystring: PageQuery,
        response: { 200: KeyList }
      },
      config: { problems: ['project_not_found'] }
    },
    async ({ params, query, principal }) =>
      presentPage(await projects.listKeys(principal, params.id, toPageRequest(query)), presentKey)
  )
}
