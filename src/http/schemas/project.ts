import { type Static, Type } from 'typebox'
import type { Quotas as DomainQuotas } from '../../domain/project.ts'
import type { UsedProject } from '../../services/projects/projects.ts'
import { closed, ListOf, Name, Nullable, Resource, Timestamp } from './common.ts'

const MOST_RUNS = 1_000_000

const quotas = {
  queued_runs: Nullable(Type.Integer({ minimum: 0, maximum: MOST_RUNS, description: 'Null for any number.' })),
  storage_bytes: Nullable(
    Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'Null for any number.' })
  )
}

const AskedQuotas = Type.Partial(Type.Object(quotas, closed), {
  ...closed,
  $id: 'AskedQuotas',
  minProperties: 1,
  description: 'What is left out stays, or is not limited.'
})

export const Project = Resource(
  {
    id: Type.String(),
    object: Type.Literal('project'),
    name: Type.String(),
    quotas: Type.Object(quotas, { $id: 'Quotas' }),
    usage: Type.Object({ queued_runs: Type.Integer(), storage_bytes: Type.Integer() }, { $id: 'Usage' }),
    created_at: Timestamp
  },
  'Project'
)

export const ProjectList = ListOf(Project, 'ProjectList')

export const CreateProject = Type.Object(
  { name: Name, quotas: Type.Optional(AskedQuotas) },
  { ...closed, $id: 'CreateProject', examples: [{ name: 'vision team', quotas: { queued_runs: 20 } }] }
)

export const UpdateProject = Type.Object(
  { name: Type.Optional(Name), quotas: Type.Optional(AskedQuotas) },
  { ...closed, $id: 'UpdateProject', minProperties: 1, examples: [{ name: 'the vision team' }] }
)

export const readQuotas = (asked: Static<typeof AskedQuotas>): Partial<DomainQuotas> => ({
  ...(asked.queued_runs !== undefined && { queuedRuns: asked.queued_runs }),
  ...(asked.storage_bytes !== undefined && { storageBytes: asked.storage_bytes })
})

export const presentProject = ({ id, name, quotas: may, usage, createdAt }: UsedProject): Static<typeof Project> => ({
  id,
  object: 'project',
  name,
  quotas: { queued_runs: may.queuedRuns, storage_bytes: may.storageBytes },
  usage: { queued_runs: usage.queuedRuns, storage_bytes: usage.storageBytes },
  created_at: createdAt.toISOString()
})
