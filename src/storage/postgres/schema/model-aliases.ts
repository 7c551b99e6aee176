import { foreignKey, index, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { time } from './columns.ts'
import { models } from './models.ts'
import { ownProject } from './own-project.ts'
import { projects } from './projects.ts'

/** Counts the versions of a name: a number is given once, also when its model is gone. */
export const modelNames = pgTable(
  'model_names',
  {
    projectId: text('project_id')
      .notNull()
      .references(() => projects.id),
    name: text('name').notNull(),
    lastVersion: integer('last_version').notNull()
  },
  (table) => [ownProject(), primaryKey({ columns: [table.projectId, table.name] })]
)

export const modelAliases = pgTable(
  'model_aliases',
  {
    projectId: text('project_id').notNull(),
    name: text('name').notNull(),
    alias: text('alias').notNull(),
    modelId: text('model_id').notNull(),
    revision: integer('revision').notNull(),
    createdAt: time('created_at').notNull(),
    updatedAt: time('updated_at').notNull()
  },
  (table) => [
    ownProject(),
    primaryKey({ columns: [table.projectId, table.name, table.alias] }),
    // What a model is called, and whether it may be renamed or removed.
    index('model_aliases_by_model').on(table.projectId, table.modelId),
    foreignKey({
      name: 'model_aliases_of_model',
      columns: [table.projectId, table.modelId],
      foreignColumns: [models.projectId, models.id]
    })
  ]
)
