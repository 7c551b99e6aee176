import { sql } from 'drizzle-orm'
import { index, integer, jsonb, pgTable, text, unique } from 'drizzle-orm/pg-core'
import type { JsonObject } from '../../../base/json.ts'
import type { StoredFile } from '../../../domain/checkpoint.ts'
import type {
  MixtureSummary,
  Model,
  ModelConfig,
  ModelImport,
  ModelStatus,
  Verification
} from '../../../domain/model.ts'
import { time } from './columns.ts'
import { ownProject } from './own-project.ts'
import { projects } from './projects.ts'

/** A model outlives its run and its checkpoint, so they are names without a foreign key. */
export const models = pgTable(
  'models',
  {
    id: text('id').primaryKey(),
    projectId: text('project_id')
      .notNull()
      .references(() => projects.id),
    name: text('name'),
    version: integer('version'),
    metadata: jsonb('metadata').notNull().default({}).$type<JsonObject>(),
    runId: text('run_id'),
    checkpointId: text('checkpoint_id'),
    importedFrom: jsonb('imported_from').$type<ModelImport>(),
    step: integer('step').notNull(),
    status: text('status').notNull().$type<ModelStatus>(),
    config: jsonb('config').$type<ModelConfig>(),
    prefix: text('prefix').notNull(),
    files: jsonb('files').notNull().$type<readonly StoredFile[]>(),
    verification: jsonb('verification').$type<Verification>(),
    mixture: jsonb('mixture').$type<MixtureSummary>(),
    error: jsonb('error').$type<NonNullable<Model['error']>>(),
    createdAt: time('created_at').notNull(),
    readyAt: time('ready_at')
  },
  (table) => [
    ownProject(),
    unique('models_by_project').on(table.projectId, table.id),
    // The sweep for models whose job is lost.
    index('models_exporting').on(table.id).where(sql`${table.status} = 'exporting'`),
    unique('models_by_version').on(table.projectId, table.name, table.version),
    // Whether a checkpoint must be kept.
    index('models_by_checkpoint').on(table.checkpointId)
  ]
)
