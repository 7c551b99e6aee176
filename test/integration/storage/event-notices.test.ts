/** Notices of new events: LISTEN on a server, through its failures; the embedded database says no. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import type { Logger } from '../../../src/base/log.ts'
import type { EventNotices } from '../../../src/domain/stores.ts'
import { JOB_CHANNEL } from '../../../src/queue/job-queue.ts'
import { createEventNotices } from '../../../src/storage/postgres/event-notices.ts'
import { fakeClock } from '../../helpers/fake-clock.ts'
import { expectNoLeaks } from '../../helpers/leaks.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { CANDIDATES, openBench, openEmbedded } from './databases.ts'
import { aStoredRun, NOW } from './records.ts'

interface TestScope {
  after(hook: () => Promise<void>): void
}

const event = { type: 'message', level: 'info', data: {} } as const

function listenTo(scope: TestScope, url: string, more: { readonly channel?: string } = {}) {
  const clock = fakeClock()
  const heard: (string | null)[] = []
  const lines: string[] = []
  const log = (_: object | string, text?: string) => void lines.push(text ?? String(_))
  const notices = createEventNotices({
    ...more,
    url,
    clock,
    logger: { info: log, warn: log } as Pick<Logger, 'info' | 'warn'>
  })
  notices.onNotice((runId) => heard.push(runId))
  scope.after(() => notices.close())
  return { clock, notices, heard, lines }
}

/** Real time, for a server that waits for a core: twenty thousand turns of the event loop are less than one query then. */
const WITHIN_MS = 60_000

/** Turns of the event loop, and of a clock where something waits for one, until it is so. */
async function until(
  isSo: () => boolean | Promise<boolean>,
  turn: () => Promise<void> = async () => {}
): Promise<void> {
  const deadline = performance.now() + WITHIN_MS
  while (!(await isSo())) {
    assert.ok(performance.now() < deadline, `never: ${isSo}`)
    await turn()
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
}

describe('notices of a server', { skip: await whyNoPostgres() }, () => {
  test('of a job come with its commit, and of one that is to wait not at all', async (t) => {
    const bench = await openBench(t, CANDIDATES[0]!.open)
    const { notices, heard } = listenTo(t, bench.url, { channel: JOB_CHANNEL })
    await until(() => notices.isListening())
    await bench.unitOfWork(async (tx) => {
      await tx.jobs.enqueue('run-leg', { runId: 'run_1' }, { key: 'run_1', startAfterS: 5 })
      await tx.jobs.enqueue('export-model', { modelId: 'mdl_1' }, { key: 'mdl_1' })
      assert.deepEqual(heard, [null], 'it listens, and nothing yet')
    })
    await until(() => heard.length > 1)
    assert.deepEqual(heard, [null, 'export-model'])
  })

  test('come with the commit of an append, of every connection, and not with one that was rolled back', async (t) => {
    const bench = await openBench(t, CANDIDATES[0]!.open)
    const { notices, heard } = listenTo(t, bench.url)
    await until(() => notices.isListening())
    const [one, two] = [await aStoredRun(bench.stores), await aStoredRun(bench.stores)]
    const undone = bench.unitOfWork(async (tx) => {
      await tx.events.append(one.id, [event], NOW)
      throw new Error('no')
    })
    await assert.rejects(undone)
    await bench.unitOfWork(async (tx) => {
      await tx.events.append(two.id, [event, event], NOW)
      assert.ok(!heard.includes(two.id), 'nobody could read it yet')
    })
    await bench.stores.events.append(one.id, [event], NOW)
    await until(() => heard.includes(one.id))
    assert.deepEqual(heard, [null, two.id, one.id])
  })

  test('pause with a connection that is lost, and go on with the next', async (t) => {
    const bench = await openBench(t, CANDIDATES[0]!.open)
    const { notices, heard, lines, clock } = listenTo(t, bench.url)
    const listeners =
      "select pid from pg_stat_activity where application_name = 'kappa-events' and datname = current_database()"
    for (let round = 1; round <= 3; round++) {
      await until(
        () => notices.isListening(),
        () => clock.advance(100)
      )
      assert.equal(lines.length, round - 1)
      await bench.database.pool.query(`select pg_terminate_backend(pid) from (${listeners}) as them`)
      await until(() => !notices.isListening())
      assert.equal(heard.at(-1), null, 'readers are told to look for themselves')
    }
    await until(
      () => notices.isListening(),
      () => clock.advance(100)
    )
    const run = await aStoredRun(bench.stores)
    await bench.stores.events.append(run.id, [event], NOW)
    await until(() => heard.includes(run.id))
    assert.equal((await bench.database.pool.query(listeners)).rowCount, 1, 'one connection, not one more each time')
    await notices.close()
    await until(async () => (await bench.database.pool.query(listeners)).rowCount === 0)
  })

  test('are waited for while there is no server', async (t) => {
    const { notices, clock, lines } = listenTo(t, 'postgres://127.0.0.1:1/none')
    await until(
      () => lines.length >= 4,
      () => clock.advance(1000)
    )
    assert.equal(notices.isListening(), false)
  })
})

test('the embedded database takes appends and refuses to listen: nobody tries again', async (t) => {
  const bench = await openBench(t, openEmbedded)
  const { notices, clock, lines } = listenTo(t, bench.url)
  await until(() => lines.length > 0)
  assert.match(lines[0] ?? '', /has no LISTEN/)
  const run = await aStoredRun(bench.stores)
  assert.equal((await bench.stores.events.append(run.id, [event], NOW))[0]?.seq, 1)
  assert.deepEqual(await bench.stores.events.heads([run.id, 'run_unknown']), [
    { runId: run.id, projectId: run.projectId, status: run.status, lastSeq: 1 }
  ])
  await clock.advance(120_000)
  assert.deepEqual([notices.isListening(), lines.length], [false, 1])
})

test('nothing is left of one that is closed while it connects', async () => {
  const notices: EventNotices = createEventNotices({
    url: 'postgres://127.0.0.1:1/none',
    clock: fakeClock(),
    logger: { info: () => {}, warn: () => {} }
  })
  await notices.close()
  assert.equal(notices.isListening(), false)
})

expectNoLeaks({ after })
