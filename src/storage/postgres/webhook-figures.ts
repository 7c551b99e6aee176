import type { Pool } from 'pg'
import type { Figures } from '../../domain/figures.ts'
import { heardDatabaseError } from './errors.ts'

/** Of the partial index of what is pending. What is under way has not arrived either. */
const PENDING = `
  select count(*)::int as pending,
         extract(epoch from now() - min(next_try_at) filter (where next_try_at <= now()))::float8 as "oldestDueS",
         extract(epoch from now() - min(created_at))::float8 as "oldestS"
  from webhook_deliveries where status = 'pending'`

export async function readWebhookFigures(pool: Pick<Pool, 'query'>): Promise<Figures['deliveries']> {
  try {
    const { rows } = await pool.query<Figures['deliveries']>(PENDING)
    return rows[0]! // one row, of aggregates
  } catch (error) {
    throw heardDatabaseError(error)
  }
}
