/** Projects: made, named and limited by the installation's admins. Their members are their keys (services/access/keys.ts). */
import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import type { IdKind } from '../../base/ids.ts'
import { type ApiKey, isCovered, type Principal } from '../../domain/access.ts'
import type { Page, PageRequest } from '../../domain/page.ts'
import { NO_QUOTAS, type Project, type Quotas, type Usage } from '../../domain/project.ts'
import type { Retention, RetentionWishes } from '../../domain/retention.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import type { KeyRequest } from '../access/key-rules.ts'
import type { IssuedKey, KeyService } from '../access/keys.ts'
import { checkExpected, type Expecting } from '../expectation.ts'
import { wakeWaiting } from '../runs/leg-quota.ts'
import { createProjectRemoval } from './project-removal.ts'
import type { ProjectRates } from './rates.ts'

export interface ProjectServiceDeps {
  readonly unitOfWork: UnitOfWork
  readonly stores: Stores
  readonly keys: Pick<KeyService, 'create' | 'list' | 'forget'>
  readonly clock: Clock
  readonly newId: (kind: IdKind) => string
  readonly rates: Pick<ProjectRates, 'forget'>
}

export interface ProjectPatch {
  readonly name?: string
  /** What is left out stays. */
  readonly quotas?: Partial<Quotas>
  readonly retention?: RetentionWishes
}

export type NewProject = ProjectPatch & Pick<Project, 'name'>

export type UsedProject = Project & { readonly usage: Usage }

const isOfInstance = ({ scopes }: Principal): boolean => isCovered('instance:admin', scopes)

export type ProjectService = ReturnType<typeof createProjectService>

export function createProjectService({ unitOfWork, stores, keys, clock, newId, rates }: ProjectServiceDeps) {
  const withUsage = async (from: Pick<Stores, 'projects'>, project: Project): Promise<UsedProject> => ({
    ...project,
    usage: await from.projects.usage(project, new Date(clock.now()))
  })

  /** One's own, or any for an admin of the installation. */
  async function require(principal: Principal, id: string): Promise<Project> {
    const isOpen = id === principal.projectId || isOfInstance(principal)
    const project = isOpen ? await stores.projects.find(id) : null
    if (project === null) throw new AppError('project_not_found', { projectId: id })
    return project
  }

  return {
    /** @throws AppError project_name_taken */
    create: (request: NewProject): Promise<UsedProject> =>
      unitOfWork(async (tx) => {
        const { name } = request
        const quotas = { ...NO_QUOTAS, ...request.quotas }
        const retention = retained({}, request.retention)
        const project: Project = { id: newId('project'), name, quotas, retention, createdAt: new Date(clock.now()) }
        await tx.projects.insert(project)
        return withUsage(tx, project)
      }),

    /** @throws AppError project_not_found */
    get: async (principal: Principal, id: string): Promise<UsedProject> =>
      withUsage(stores, await require(principal, id)),

    /** All for an admin of the installation, for others their own. */
    async list(principal: Principal, page: PageRequest): Promise<Page<UsedProject>> {
      const found = isOfInstance(principal)
        ? await stores.projects.list(page)
        : { data: [await require(principal, principal.projectId)], hasMore: false, nextCursor: null }
      const data: UsedProject[] = []
      for (const project of found.data) data.push(await withUsage(stores, project))
      return { ...found, data }
    },

    /** @throws AppError project_not_found, precondition_failed, project_name_taken */
    async update(id: string, patch: ProjectPatch & Expecting<Project>): Promise<UsedProject> {
      const updated = await unitOfWork(async (tx) => {
        const known = await tx.projects.find(id, { lock: true })
        if (known === null) throw new AppError('project_not_found', { projectId: id })
        checkExpected(known, patch, `Project ${id}`)
        const changed = {
          name: patch.name ?? known.name,
          quotas: { ...known.quotas, ...patch.quotas },
          retention: retained(known.retention, patch.retention)
        }
        const [was, is] = [known.quotas, changed.quotas]
        if (was.requestsPerMinute !== is.requestsPerMinute)
          await tx.projects.carryUsed(id, { rate: 'requests', from: was.requestsPerMinute, to: is.requestsPerMinute })
        if (was.pixelsPerMinute !== is.pixelsPerMinute)
          await tx.projects.carryUsed(id, { rate: 'pixels', from: was.pixelsPerMinute, to: is.pixelsPerMinute })
        await tx.projects.update(id, changed)
        if (is.devicesAtOnce !== was.devicesAtOnce) await wakeWaiting(tx, id)
        return withUsage(tx, { ...known, ...changed })
      })
      rates.forget(id)
      return updated
    },

    remove: createProjectRemoval({ unitOfWork, keys, clock }),

    /** @throws AppError project_not_found, and what making a key throws */
    async createKey(principal: Principal, id: string, request: KeyRequest): Promise<IssuedKey> {
      await require(principal, id)
      return keys.create({ ...principal, projectId: id }, request)
    },

    /** @throws AppError project_not_found */
    async listKeys(principal: Principal, id: string, page: PageRequest): Promise<Page<ApiKey>> {
      await require(principal, id)
      return keys.list(id, page)
    }
  }
}

function retained(known: Retention, wanted: ProjectPatch['retention'] = {}): Retention {
  const { keepLast, keepEveryEpochs, keepBest } = { ...known, ...wanted }
  return {
    ...(keepLast != null && { keepLast }),
    ...(keepEveryEpochs != null && { keepEveryEpochs }),
    ...(keepBest != null && { keepBest })
  }
}
