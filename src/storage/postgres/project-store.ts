import { desc, eq, lt, type SQL, sql } from 'drizzle-orm'
import { AppError } from '../../base/errors.ts'
import type { ProjectStore } from '../../domain/access-stores.ts'
import type { Project, Quotas } from '../../domain/project.ts'
import { violatesUnique } from './errors.ts'
import { toPage } from './page.ts'
import { createProjectRemoval, type ProjectDbs } from './project-removal.ts'
import { devicesHeld, isHeld } from './run-store.ts'
import { projectRates, projects } from './schema/projects.ts'

export const toProject = (row: typeof projects.$inferSelect): Project => ({
  id: row.id,
  name: row.name,
  quotas: {
    queuedRuns: row.quotaQueuedRuns,
    storageBytes: row.quotaStorageBytes,
    devicesAtOnce: row.quotaDevices,
    requestsPerMinute: row.quotaRequestsPerMinute,
    pixelsPerMinute: row.quotaPixelsPerMinute
  },
  retention: row.retention,
  createdAt: row.createdAt
})

const quotaColumns = (quotas: Quotas) => ({
  quotaQueuedRuns: quotas.queuedRuns,
  quotaStorageBytes: quotas.storageBytes,
  quotaDevices: quotas.devicesAtOnce,
  quotaRequestsPerMinute: quotas.requestsPerMinute,
  quotaPixelsPerMinute: quotas.pixelsPerMinute
})

interface UsageRow extends Record<string, unknown> {
  readonly queued: number
  readonly bytes: number
  readonly devices: number
  /** Milliseconds of debt; null before the first. */
  readonly requests: number | null
  readonly pixels: number | null
}

async function named<T>(name: string | undefined, write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (error) {
    if (violatesUnique(error)) throw new AppError('project_name_taken', { name })
    throw error
  }
}

export const createProjectStore = ({ db, ...others }: ProjectDbs): ProjectStore => ({
  ...createProjectRemoval({ db, ...others }),

  async insert({ id, name, quotas, retention, createdAt }) {
    await named(name, () => db.insert(projects).values({ id, name, ...quotaColumns(quotas), retention, createdAt }))
  },

  async find(id, options) {
    const query = db.select().from(projects).where(eq(projects.id, id))
    const { lock = false } = options ?? {}
    // With `no key update` rows of other tables may refer to it meanwhile.
    const [row] = await (lock ? query.for(lock === 'alone' ? 'update' : 'no key update') : query)
    return row ? toProject(row) : null
  },

  async list({ limit, after }) {
    const rows = await db
      .select()
      .from(projects)
      .where(after === null ? undefined : lt(projects.id, after))
      .orderBy(desc(projects.id))
      .limit(limit + 1)
    return toPage(rows.map(toProject), limit, ({ id }) => id)
  },

  async update(id, { name, quotas, retention }) {
    const patch = {
      ...(name !== undefined && { name }),
      ...(quotas && quotaColumns(quotas)),
      ...(retention && { retention })
    }
    await named(name, () => db.update(projects).set(patch).where(eq(projects.id, id)))
  },

  async usage({ id, quotas }, now) {
    const { rows } = await db.execute<UsageRow>(sql`
      select
        (select count(*) from runs where project_id = ${id} and status = 'queued')::float8 as queued,
        (select ${devicesHeld} from runs where project_id = ${id} and ${isHeld})::float8 as devices,
        (select ${debtMs} from ${projectRates} where project_id = ${id} and rate = 'requests') as requests,
        (select ${debtMs} from ${projectRates} where project_id = ${id} and rate = 'pixels') as pixels,
        (
          (select coalesce(sum(bytes), 0) from dataset_versions where project_id = ${id} and status = 'ready') +
          ${announced(id, sql`dataset_versions`, { source: sql`source`, isOpen: sql`status in ('queued', 'ingesting')` })} +
          ${announced(id, sql`models`, { source: sql`imported_from -> 'source'`, isOpen: sql`status = 'exporting'` })} +
          (select coalesce(sum(bytes), 0) from dataset_uploads where project_id = ${id}
            and (status = 'completed' or (status = 'pending' and expires_at > ${now.toISOString()}::timestamptz))) +
          (select coalesce(sum(bytes), 0) from checkpoints where project_id = ${id} and status = 'complete') +
          (select coalesce(sum((file ->> 'bytes')::bigint), 0)
            from models, jsonb_array_elements(files) as file where project_id = ${id}) +
          (select coalesce(sum((file ->> 'bytes')::bigint), 0)
            from vector_sets, jsonb_array_elements(files) as file where project_id = ${id}) +
          (select coalesce(sum(8 * dimensions::bigint * (progress ->> 'totalImages')::bigint), 0)
            from vector_sets where project_id = ${id} and status in ('queued', 'running')) +
          (select coalesce(sum(bytes), 0) from files where project_id = ${id}) +
          (select coalesce(sum(expected_bytes), 0) from batches where project_id = ${id})
        )::float8 as bytes`)
    const { queued = 0, bytes = 0, devices = 0, requests = null, pixels = null } = rows[0] ?? {}
    return {
      queuedRuns: queued,
      storageBytes: bytes,
      devicesAtOnce: devices,
      requestsPerMinute: usedOf(quotas.requestsPerMinute, requests),
      pixelsPerMinute: usedOf(quotas.pixelsPerMinute, pixels)
    }
  },

  async spend(id, { rate, amount }) {
    const perMinute = sql`(select ${QUOTA[rate]} from ${projects} where ${projects.id} = ${id})`
    const cost = sql`${amount * MINUTE_MS}::float8 / ${perMinute} * interval '1 ms'`
    const ahead = sql`greatest(project_rates.whole_at, clock_timestamp()) + ${cost}`
    const taken = await db.execute<Debt>(sql`
      insert into ${projectRates} (project_id, rate, whole_at)
      select ${id}, ${rate}, clock_timestamp() + ${cost} where ${perMinute} >= ${amount}::float8
      on conflict (project_id, rate) do update set whole_at = ${ahead}
      where ${ahead} <= clock_timestamp() + interval '1 minute'
      returning ${debtMs} as debt, ${perMinute}::float8 as allowed`)
    if (taken.rows[0]) return { isAllowed: true, debtMs: taken.rows[0].debt ?? 0, perMinute: taken.rows[0].allowed }
    const { rows } = await db.execute<Debt>(sql`
      select ${perMinute}::float8 as allowed,
        (select ${debtMs} from ${projectRates} where project_id = ${id} and rate = ${rate}) as debt`)
    const { allowed = null, debt = 0 } = rows[0] ?? {}
    return { isAllowed: allowed === null, debtMs: debt ?? 0, perMinute: allowed }
  },

  async carryUsed(id, { rate, from, to }) {
    const isTheirs = sql`project_id = ${id} and rate = ${rate}`
    if (from === null || to === null) {
      await db.execute(sql`delete from ${projectRates} where ${isTheirs}`)
      return
    }
    await db.execute(sql`
      update ${projectRates} set whole_at = clock_timestamp() +
        least(interval '1 minute', (whole_at - clock_timestamp()) * ${from / to}::float8)
      where ${isTheirs} and whole_at > clock_timestamp()`)
  }
})

const MINUTE_MS = 60_000

const QUOTA = { requests: projects.quotaRequestsPerMinute, pixels: projects.quotaPixelsPerMinute } as const

interface Debt extends Record<string, unknown> {
  readonly debt: number | null
  readonly allowed: number | null
}

const debtMs = sql`greatest(0, 1000 * extract(epoch from whole_at - clock_timestamp()))::float8`

/** Of what is being made of uploads, as large as those: what it really takes is known when it ends. */
const announced = (id: string, table: SQL, { source, isOpen }: Record<'source' | 'isOpen', SQL>): SQL => sql`
  (select coalesce(sum(upload.bytes), 0)
    from (select ${source} -> 'uploads' as uploads from ${table} where project_id = ${id} and ${isOpen}) as made,
      jsonb_array_elements_text(made.uploads) as named
      join dataset_uploads as upload on upload.id = named and upload.project_id = ${id})`

/** What has not come back yet; null where nobody counts. */
const usedOf = (perMinute: number | null, debt: number | null): number | null =>
  perMinute === null ? null : Math.round(((debt ?? 0) * perMinute) / MINUTE_MS)
