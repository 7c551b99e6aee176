/** How it is known which legs wait: what KEDA counts and starts pods for, and what is asked every ten seconds for hundreds of runs. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { Client } from 'pg'
import { silentLogger } from '../../../src/base/log.ts'
import type { SqlExecutor } from '../../../src/domain/ports.ts'
import { startBoss } from '../../../src/queue/boss.ts'
import { createJobQueue } from '../../../src/queue/job-queue.ts'
import { createTestDatabase, whyNoPostgres } from '../../helpers/postgres.ts'

const skip = await whyNoPostgres()
const ROOT = resolve(import.meta.dirname, '../../..')
const folder = mkdtempSync(join(tmpdir(), 'kappa-next-leg-'))
after(() => rmSync(folder, { recursive: true }))
const worker = join(folder, 'worker.mjs')
/** As the chart gives it to KEDA, which reads the number in the first column of the only row. */
const [, countWaiting = ''] =
  /query: >-\n((?: {10}.*\n)+)/.exec(readFileSync(join(ROOT, 'infra/kubernetes/kappa/templates/keda.yaml'), 'utf8')) ??
  []
writeFileSync(worker, `console.log('worker', process.pid, process.env.KAPPA_WORKER_RUN, process.env.OTHER)`)

test('KEDA counts the legs that wait, and a pod that it starts becomes the worker of one, or ends well where none does', {
  skip
}, async (t) => {
  const drops: (() => Promise<void>)[] = []
  const url = await createTestDatabase({ after: (drop) => void drops.push(drop) })
  const boss = await startBoss({ url, max: 2, name: 'test', supervise: false, logger: silentLogger })
  t.after(async () => {
    await boss.stop({ graceful: false })
    for (const drop of drops) await drop()
  })
  const next = () => {
    const env = { ...process.env, DATABASE_URL: url, OTHER: 'kept' }
    const args = ['--disable-warning=ExperimentalWarning', 'infra/docker/next-leg.mjs', worker]
    return spawnSync(process.execPath, args, { cwd: ROOT, env, encoding: 'utf8' })
  }
  async function counted(): Promise<unknown[]> {
    const keda = new Client({ connectionString: url })
    await keda.connect()
    const { rows } = await keda.query(countWaiting)
    await keda.end()
    return Object.values(rows[0])
  }
  await boss.send('run-leg', { runId: 'run_later' }, { singletonKey: 'later', startAfter: 3600 })
  await boss.send('export-model', { modelId: 'mdl_a' }, { singletonKey: 'other' })
  assert.deepEqual(await counted(), ['0'])
  const none = next()
  assert.deepEqual([none.status, none.stdout], [0, 'no leg waits\n'], none.stderr)

  await boss.send('run-leg', { runId: 'run_due' }, { singletonKey: 'due' })
  assert.deepEqual(await counted(), ['1'])
  const some = next()
  assert.equal(some.status, 0, some.stderr)
  // The same process: what is sent to it reaches the worker.
  assert.match(some.stdout, new RegExp(`^for run_due\nworker ${some.pid} run_due kept\n$`))

  const [taken] = await boss.fetch('run-leg')
  assert.deepEqual(taken?.data, { runId: 'run_due' })
  assert.deepEqual(await counted(), ['0'], 'nobody is started for a leg that is trained')
})

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

test('who has a job is answered by an index, however many jobs wait', { skip }, async () => {
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
