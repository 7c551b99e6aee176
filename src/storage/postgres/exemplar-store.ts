/** Which images prototypes win, of evaluations. */
import { and, eq, getTableColumns, sql } from 'drizzle-orm'
import { invalidCursor } from '../../domain/page.ts'
import type { EvaluationStore } from '../../domain/stores.ts'
import type { Db } from './client.ts'
import { toPage } from './page.ts'
import { evaluationPrototypes as table } from './schema/evaluations.ts'

const { evaluationId: _, projectId: __, ...columns } = getTableColumns(table)

/** Rows of one insert: with twelve exemplars each, a megabyte. */
const INSERT_ROWS = 1000

type ExemplarStore = Pick<EvaluationStore, 'insertPrototypes' | 'listPrototypes' | 'findPrototype'>

export const createExemplarStore = (db: Db): ExemplarStore => ({
  async insertPrototypes({ id: evaluationId, projectId }, used) {
    for (let i = 0; i < used.length; i += INSERT_ROWS) {
      const rows = used.slice(i, i + INSERT_ROWS).map((one) => ({ ...one, evaluationId, projectId }))
      await db.insert(table).values(rows)
    }
  },

  async listPrototypes(evaluationId, { limit, after }) {
    const rows = await db
      .select(columns)
      .from(table)
      .where(and(eq(table.evaluationId, evaluationId), after === null ? undefined : isBehind(after)))
      .orderBy(sql`${table.usage} desc, ${table.prototype} desc`)
      .limit(limit + 1)
    return toPage(rows, limit, ({ usage, prototype }) => `${usage} ${prototype}`)
  },

  async findPrototype(evaluationId, prototype) {
    const [row] = await db
      .select(columns)
      .from(table)
      .where(and(eq(table.evaluationId, evaluationId), eq(table.prototype, prototype)))
    return row ?? null
  }
})

/** Both descend, so that the index is read backwards. */
function isBehind(after: string) {
  const [, usage, prototype] = /^(\d{1,10}) (\d{1,10})$/.exec(after) ?? []
  if (usage === undefined) throw invalidCursor()
  return sql`(${table.usage}, ${table.prototype}) < (${Number(usage)}::bigint, ${Number(prototype)}::bigint)`
}
