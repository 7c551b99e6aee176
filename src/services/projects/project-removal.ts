/**
 * The end of a project. Its row is locked alone first, so nobody makes anything in it meanwhile; what is in it goes in the same
 * transaction, and its objects and metrics later (services/removals).
 */
import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import type { Principal } from '../../domain/access.ts'
import { batchPrefix } from '../../domain/batch.ts'
import { filePrefix } from '../../domain/file.ts'
import { FIRST_PROJECT, type Project, type ProjectContents } from '../../domain/project.ts'
import type { NewRemoval } from '../../domain/removal.ts'
import type { Stores, UnitOfWork } from '../../domain/stores.ts'
import { checkAdminStays } from '../access/key-rules.ts'
import type { KeyService } from '../access/keys.ts'
import { removalOfUpload, removalsOfDataset } from '../datasets/dataset-removal.ts'
import { refuseInUse } from '../removals/refuse-in-use.ts'
import { removalOfVectorSet } from '../vector-sets/vector-set-removal.ts'

export interface ProjectRemovalDeps {
  readonly unitOfWork: UnitOfWork
  readonly keys: Pick<KeyService, 'forget'>
  readonly clock: Clock
}

/** @throws AppError project_not_found, project_in_use, last_admin_key, project_not_empty */
export const createProjectRemoval =
  ({ unitOfWork, keys, clock }: ProjectRemovalDeps) =>
  async (principal: Principal, id: string, { withContents }: { readonly withContents: boolean }): Promise<void> => {
    const keyIds = await unitOfWork(async (tx) => {
      const project = await tx.projects.find(id, { lock: 'alone' })
      if (project === null) throw new AppError('project_not_found', { projectId: id })
      checkNeeded(project, principal)
      const admins = await tx.keys.lockInstanceAdmins()
      if (admins.some((key) => key.projectId === id)) checkAdminStays(admins.filter((key) => key.projectId !== id))
      const contents = await tx.projects.contents(id)
      if (!withContents) checkEmpty(project, contents)
      await checkUnused(tx, id)
      await tx.removals.add(removalsOf(id, contents), new Date(clock.now()))
      return tx.projects.remove(id, contents, principal.projectId)
    })
    keys.forget(keyIds)
  }

/** Who asks stays able to ask; and a start makes the first project anew, with a KAPPA_ADMIN_KEY that may have been revoked in it. */
function checkNeeded({ id, name }: Project, { projectId }: Principal): void {
  if (id === projectId) {
    const message = `Project ${id} is that of the key or token that asks: ask with one of another project.`
    throw new AppError('project_in_use', { message, projectId: id })
  }
  if (name === FIRST_PROJECT) {
    const message = `Project ${id} is "${FIRST_PROJECT}", with which the installation begins: it stays.`
    throw new AppError('project_in_use', { message, projectId: id })
  }
}

function checkEmpty({ id }: Project, contents: ProjectContents): void {
  const counts = Object.entries(contents).map(
    ([kind, all]: [string, readonly unknown[]]) => [kind, all.length] as const
  )
  const named = (kind: string) => kind.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  const there = counts.filter(([, count]) => count > 0).map(([kind, count]) => `${count} ${named(kind)}`)
  if (there.length === 0) return
  const message = `Project ${id} has ${there.join(', ')}. Delete them, or send contents=delete to delete the project with all of it.`
  throw new AppError('project_not_empty', { message, projectId: id, contents: Object.fromEntries(counts) })
}

async function checkUnused(tx: Stores, id: string): Promise<void> {
  refuseInUse(await tx.uses.ofProject(id), {
    code: 'project_in_use',
    name: `Project ${id}`,
    details: { projectId: id }
  })
}

function removalsOf(
  projectId: string,
  { datasets, uploads, runs, models, evaluations, vectorSets, files, batches }: ProjectContents
): NewRemoval[] {
  const whole = (what: NewRemoval['what'], subject: string, prefix: string): NewRemoval => {
    return { projectId, what, subject, prefix, multipartId: null }
  }
  return [
    ...uploads.map(removalOfUpload),
    ...datasets.flatMap((id) => removalsOfDataset(projectId, id)),
    ...runs.map((id) => whole('run', id, `runs/${id}/`)),
    ...models.map(({ id, prefix }) => whole('model', id, `${prefix}/`)),
    ...evaluations.map((id) => whole('evaluation', id, `evaluations/${id}/`)),
    ...vectorSets.map((id) => removalOfVectorSet({ id, projectId })),
    ...files.map((id) => whole('file', id, filePrefix(id))),
    ...batches.map((id) => whole('batch', id, batchPrefix(id)))
  ]
}
