/** Who has a job is asked every ten seconds for hundreds of runs, of a queue in which there may be many more. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Client } from 'pg'
import type { SqlExecutor } from '../../../src/domain/ports.ts'
import { createJobQueue } from '../../../src/queue/job-queue.ts'
import { createTestDatabase, whyNoPostgres } from '../../helpers/postgres.ts'

const skip = await whyNoPostgres()
const WAITING = 20_000
const RUNNING = 50

/** Keys are `created_1`, `active_1`, `completed_1`. */
const FILL = `
  insert into pgboss.job (name, singleton_key, state, data, policy)
  select (array['run-leg', 'evaluate-model'])[1 + i % 2], $1 || '_' || i, $1::pgboss.job_state, '{}', null
  from generate_series(1, $2) as i`

interface Plan {
  readonly 'Actual Rows': number
  readonly 'Actual Loops': number
  readonly 'Rows Removed by Filter'?: number
  readonly Plans?: readonly Plan[]
}

const touched = (plan: Plan): number => {
  const below = (plan.Plans ?? []).reduce((sum, one) => sum + touched(one), 0)
  return below + plan['Actual Loops'] * (plan['Actual Rows'] + (plan['Rows Removed by Filter'] ?? 0))
}

test('it is answered by an index, however many jobs wait', { skip }, async () => {
  const client = new Client({ connectionString: await createTestDatabase({ after }) })
  await client.connect()
  try {
    for (const [state, count] of [
      ['created', WAITING],
      ['completed', WAITING],
      ['active', RUNNING]
    ] as const)
      await client.query(FILL, [state, count])
    await client.query('analyze pgboss.job_common')

    const asked: { readonly text: string; readonly values: readonly unknown[] }[] = []
    const executor: SqlExecutor = {
      async executeSql(text, values = []) {
        asked.push({ text, values })
        return { rows: (await client.query(text, [...values])).rows }
      }
    }
    const { withJob } = createJobQueue({ send: async () => null }).through(executor)
    const found = await withJob(['created_7', 'active_3', 'completed_5', 'nobody'])
    assert.deepEqual([...found].sort(), ['active_3', 'created_7'])
    assert.deepEqual(await withJob([]), [])

    const [{ text, values } = assert.fail('nothing was asked')] = asked
    const { rows } = await client.query(`explain (analyze, format json) ${text}`, [...values])
    const rowsTouched = touched(rows[0]['QUERY PLAN'][0].Plan)
    assert.ok(rowsTouched < 5 * RUNNING, `${rowsTouched} rows for two jobs: ${JSON.stringify(rows[0])}`)
  } finally {
    await client.end()
  }
})
