import { type Static, Type } from 'typebox'
import type { Quotas as DomainQuotas, Quota } from '../../domain/project.ts'
import { LAST } from '../../domain/retention.ts'
import type { ProjectPatch, UsedProject } from '../../services/projects/projects.ts'
import { closed, ListOf, Name, Nullable, Resource, Timestamp } from './common.ts'
import { PresentedBest, presentRetention, readRetention, retentionFields } from './retention.ts'

const MOST_RUNS = 1_000_000

const MOST_DEVICES = 100_000
/** Of which a project's own admins are never shut out for longer than a minute. */
const LEAST_REQUESTS = 1
const MOST_REQUESTS = 1_000_000_000
/** One megapixel, so that something can be embedded at all: a request with more pixels than the quota is never taken. */
const LEAST_PIXELS = 1_000_000

const quotas = {
  queued_runs: Nullable(Type.Integer({ minimum: 0, maximum: MOST_RUNS, description: 'Null for any number.' })),
  storage_bytes: Nullable(
    Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'Null for any number.' })
  ),
  devices_at_once: Nullable(
    Type.Integer({
      minimum: 0,
      maximum: MOST_DEVICES,
      description:
        'That its runs train on at the same time, a CPU counting as one; what goes beyond waits. Null for any number.'
    })
  ),
  requests_per_minute: Nullable(
    Type.Integer({
      minimum: LEAST_REQUESTS,
      maximum: MOST_REQUESTS,
      description: 'Of all its keys together, over all API processes. Null for any number.'
    })
  ),
  pixels_per_minute: Nullable(
    Type.Integer({
      minimum: LEAST_PIXELS,
      maximum: Number.MAX_SAFE_INTEGER,
      description:
        'Width × height of the images that it has embedded, assigned or looked at; a single request with more is refused. Null for any number.'
    })
  )
}

const usage = {
  queued_runs: Type.Integer(),
  storage_bytes: Type.Integer(),
  devices_at_once: Type.Integer({ description: 'Of legs that are under way.' }),
  requests_per_minute: Nullable(
    Type.Integer({ description: 'Used, and not come back yet; null without a quota, since nobody counts.' })
  ),
  pixels_per_minute: Nullable(Type.Integer({ description: 'Likewise.' }))
}

/** What of a run's own policy a project may say for all of them. */
const Retention = Type.Object(
  {
    keep_last: Type.Integer(),
    keep_every_epochs: Type.Optional(Type.Integer()),
    keep_best: Type.Optional(PresentedBest)
  },
  closed
)
const AskedRetention = Type.Partial(Type.Object(retentionFields, closed), {
  ...closed,
  $id: 'AskedRetention',
  minProperties: 1,
  description: 'Of checkpoints of runs that are made from now on and do not say it themselves. What is left out stays.'
})

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
    usage: Type.Object(usage, { $id: 'Usage' }),
    checkpoint: Retention,
    created_at: Timestamp
  },
  'Project'
)

export const ProjectList = ListOf(Project, 'ProjectList')

export const CreateProject = Type.Object(
  { name: Name, quotas: Type.Optional(AskedQuotas), checkpoint: Type.Optional(AskedRetention) },
  { ...closed, $id: 'CreateProject', examples: [{ name: 'vision team', quotas: { queued_runs: 20 } }] }
)

export const UpdateProject = Type.Object(
  { name: Type.Optional(Name), quotas: Type.Optional(AskedQuotas), checkpoint: Type.Optional(AskedRetention) },
  { ...closed, $id: 'UpdateProject', minProperties: 1, examples: [{ name: 'the vision team' }] }
)

export const DeleteProjectQuery = Type.Object(
  {
    contents: Type.Optional(
      Type.Enum(['refuse', 'delete'], {
        default: 'refuse',
        description:
          'Of datasets, uploads of weights, sweeps, runs, models, evaluations and vector sets: whether the project is refused for them, or all of them go, kept checkpoints and aliases included.'
      })
    )
  },
  closed
)

const readQuotas = (asked: Static<typeof AskedQuotas>): Partial<DomainQuotas> => ({
  ...(asked.queued_runs !== undefined && { queuedRuns: asked.queued_runs }),
  ...(asked.storage_bytes !== undefined && { storageBytes: asked.storage_bytes }),
  ...(asked.devices_at_once !== undefined && { devicesAtOnce: asked.devices_at_once }),
  ...(asked.requests_per_minute !== undefined && { requestsPerMinute: asked.requests_per_minute }),
  ...(asked.pixels_per_minute !== undefined && { pixelsPerMinute: asked.pixels_per_minute })
})

export const readProject = (body: Static<typeof UpdateProject>): ProjectPatch => ({
  ...(body.name !== undefined && { name: body.name }),
  ...(body.quotas && { quotas: readQuotas(body.quotas) }),
  ...(body.checkpoint && { retention: readRetention(body.checkpoint, '/checkpoint') })
})

const presentAmounts = <T>(amounts: Readonly<Record<Quota, T>>) => ({
  queued_runs: amounts.queuedRuns,
  storage_bytes: amounts.storageBytes,
  devices_at_once: amounts.devicesAtOnce,
  requests_per_minute: amounts.requestsPerMinute,
  pixels_per_minute: amounts.pixelsPerMinute
})

/** What a PATCH changes of it. */
export const presentRules = ({ name, quotas, retention }: Pick<UsedProject, 'name' | 'quotas' | 'retention'>) => ({
  name,
  quotas: presentAmounts(quotas),
  checkpoint: presentRetention({ keepLast: LAST, ...retention })
})

export const presentProject = (project: UsedProject): Static<typeof Project> => ({
  id: project.id,
  object: 'project',
  ...presentRules(project),
  usage: { ...presentAmounts<number | null>(project.usage), ...presentUsed(project.usage) },
  created_at: project.createdAt.toISOString()
})

/** Those that are counted always. */
const presentUsed = ({ queuedRuns, storageBytes, devicesAtOnce }: UsedProject['usage']) => ({
  queued_runs: queuedRuns,
  storage_bytes: storageBytes,
  devices_at_once: devicesAtOnce
})
