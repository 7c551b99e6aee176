import { sql } from 'drizzle-orm'
import { doublePrecision, foreignKey, index, integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import type { Prototype } from '../../../domain/model.ts'
import { models } from './models.ts'
import { ownProject } from './own-project.ts'

export const prototypes = pgTable(
  'prototypes',
  {
    modelId: text('model_id').notNull(),
    index: integer('index').notNull(),
    projectId: text('project_id').notNull(),
    kappa: doublePrecision('kappa').notNull(),
    logNormalizer: doublePrecision('log_normalizer').notNull(),
    usage: integer('usage'),
    meanProbability: doublePrecision('mean_probability'),
    nearest: jsonb('nearest').notNull().$type<Prototype['nearest']>(),
    duplicatesOf: integer('duplicates_of'),
    fitted: jsonb('fitted').$type<NonNullable<Prototype['fitted']>>(),
    /** Of `fitted`, to sort by. */
    fittedKappa: doublePrecision('fitted_kappa')
  },
  (table) => [
    ownProject(),
    primaryKey({ name: 'prototypes_pkey', columns: [table.modelId, table.index] }),
    index('prototypes_by_kappa').on(table.modelId, table.kappa, table.index),
    index('prototypes_by_fitted_kappa').on(table.modelId, table.fittedKappa, table.index),
    // Unknown usage sorts as less than none.
    index('prototypes_by_usage').on(table.modelId, sql`coalesce(${table.usage}, -1)`, table.index),
    foreignKey({
      name: 'prototypes_of_model',
      columns: [table.projectId, table.modelId],
      foreignColumns: [models.projectId, models.id]
    }).onDelete('cascade')
  ]
)
