import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Logger } from '../../../src/base/log.ts'
import { createSupervisor } from '../../../src/processes/supervisor.ts'
import { type FakeClock, fakeClock, settle } from '../../helpers/fake-clock.ts'
import { isAlive } from '../../helpers/process-tree.ts'

const entry = join(import.meta.dirname, '../../helpers/fake-child.ts')

const pidsIn = (file: string): number[] => readFileSync(file, 'utf8').trim().split('\n').map(Number)

function setUp(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'kappa-supervisor-'))
  const notes = join(folder, 'started')
  const clock = fakeClock()
  const waits: number[] = []
  const waited = (fields: object) => 'waitMs' in fields && waits.push(Number(fields.waitMs))
  const supervisor = createSupervisor({ clock, logger: { error: waited } as unknown as Logger }) // what it uses of it
  const spec = (name: string, args: readonly string[]) => ({
    name,
    entry,
    args: ['note', notes, ...args],
    env: process.env,
    readyMessage: 'up'
  })
  t.after(async () => {
    await supervisor.stop()
    rmSync(folder, { recursive: true })
  })
  return { supervisor, clock, waits, spec, pids: () => pidsIn(notes), ended: join(folder, 'ended') }
}

/** Real processes take their time, which is not the clock's. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await settle()
}

const untilRestarted = async (clock: FakeClock, ms: number, hasStarted: () => boolean) => {
  await clock.advance(ms - 1)
  assert.equal(hasStarted(), false, `not before ${ms} ms`)
  await clock.advance(1)
  await until(hasStarted)
}

test('a child is up with its message, and one that ends before it fails the start', async (t) => {
  const { supervisor, spec } = setUp(t)
  assert.equal((await supervisor.start(spec('api', ['say', 'other', 'say', 'up']))).type, 'up')
  await assert.rejects(
    supervisor.start(spec('worker', ['exit', '3'])),
    /worker does not start: it ended with exit code 3/
  )
})

test('a child that ends is started again, later each time, and soon again after a minute of health', async (t) => {
  const { supervisor, clock, waits, spec, pids } = setUp(t)
  await supervisor.start(spec('api', ['say', 'up']))
  for (const [i, waitMs] of [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000].entries()) {
    process.kill(pids()[i]!, 'SIGKILL')
    await until(() => waits.length === i + 1)
    assert.equal(waits[i], waitMs)
    await untilRestarted(clock, waitMs, () => pids().length === i + 2)
  }
  await clock.advance(60_001)
  process.kill(pids().at(-1)!, 'SIGKILL')
  await until(() => waits.length === 9)
  assert.equal(waits[8], 500)
})

test('stopping ends the children in reverse, and none is started again', async (t) => {
  const { supervisor, clock, spec, pids, ended } = setUp(t)
  for (let i = 0; i < 3; i++) await supervisor.start(spec(`number ${i}`, ['farewell', ended, 'say', 'up']))
  await supervisor.stop()
  await clock.advance(120_000)
  const started = pids()
  assert.equal(started.length, 3)
  assert.deepEqual(pidsIn(ended), started.reverse())
  assert.deepEqual(started.filter(isAlive), [])
})
