import { boolean, doublePrecision, foreignKey, integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import type { DriftCounts } from '../../../domain/drift.ts'
import { time } from './columns.ts'
import { models } from './models.ts'
import { ownProject } from './own-project.ts'

/** A row for each model that was ever watched. */
export const driftWatches = pgTable(
  'drift_watches',
  {
    modelId: text('model_id').primaryKey(),
    projectId: text('project_id').notNull(),
    isEnabled: boolean('is_enabled').notNull(),
    windowImages: integer('window_images').notNull(),
    psiOver: doublePrecision('psi_over').notNull(),
    lowDensityOver: doublePrecision('low_density_over').notNull(),
    overSince: time('over_since'),
    enabledAt: time('enabled_at')
  },
  (table) => [
    ownProject(),
    foreignKey({
      name: 'drift_watches_of_model',
      columns: [table.projectId, table.modelId],
      foreignColumns: [models.projectId, models.id]
    }).onDelete('cascade')
  ]
)

/** Of a watched model the windows that are kept; whoever writes one has locked the watch. */
export const driftWindows = pgTable(
  'drift_windows',
  {
    modelId: text('model_id').notNull(),
    number: integer('number').notNull(),
    projectId: text('project_id').notNull(),
    startedAt: time('started_at').notNull(),
    endedAt: time('ended_at'),
    isOver: boolean('is_over'),
    images: integer('images').notNull(),
    prototypes: jsonb('prototypes').notNull().$type<DriftCounts['prototypes']>(),
    densities: integer('densities').notNull(),
    belowP1: integer('below_p1').notNull(),
    belowP5: integer('below_p5').notNull()
  },
  (table) => [
    ownProject(),
    primaryKey({ name: 'drift_windows_pkey', columns: [table.modelId, table.number] }),
    foreignKey({
      name: 'drift_windows_of_model',
      columns: [table.projectId, table.modelId],
      foreignColumns: [models.projectId, models.id]
    }).onDelete('cascade')
  ]
)
