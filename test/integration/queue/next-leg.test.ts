import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { Client } from 'pg'
import { silentLogger } from '../../../src/base/log.ts'
import { startBoss } from '../../../src/queue/boss.ts'
import { createTestDatabase, whyNoPostgres } from '../../helpers/postgres.ts'

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
  skip: await whyNoPostgres()
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
