import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Logger } from '../../../src/base/log.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { Child, type ChildOptions } from '../../../src/processes/child.ts'

const entry = join(import.meta.dirname, '../../helpers/fake-child.ts')
/** Longer than any of these children takes to end by itself. */
const LONG_MS = 120_000

interface Message {
  readonly type: string
  readonly message?: unknown
  readonly env?: string | null
  readonly execArgv?: readonly string[]
}

function startChild(t: TestContext, args: readonly string[], options: Partial<ChildOptions> = {}): Child<Message> {
  const child = new Child<Message>({ entry, args, output: silentLogger, ...options })
  t.after(async () => {
    child.kill()
    await child.exited
  })
  return child
}

const isUp = (message: Message): message is Message => message.type === 'up'

test('messages go both ways, in order, and end when the child is gone', async (t) => {
  const child = startChild(t, [])
  for (let i = 0; i < 100; i++) assert.equal(child.send({ i, bytes: Uint8Array.of(i) }), true)
  child.send({ end: 3 })
  const heard: unknown[] = []
  for await (const { message } of child.messages) heard.push(message)
  assert.deepEqual(
    heard,
    Array.from({ length: 100 }, (_, i) => ({ i, bytes: Uint8Array.of(i) }))
  )
  assert.deepEqual(await child.exited, { code: 3, signal: null, lastLines: [] })
})

test('it lives through running, told and exited', async (t) => {
  const child = startChild(t, ['deaf', 'say', 'up'])
  assert.ok(await child.firstMessage(isUp))
  assert.equal(child.state, 'running')
  const stopped = child.stop(LONG_MS)
  assert.equal(child.state, 'told')
  child.send({ end: 0 })
  assert.equal((await stopped).code, 0)
  assert.equal(child.state, 'exited')
  assert.equal(child.send({ late: true }), false)
  assert.equal((await child.stop(LONG_MS)).code, 0, 'stopping what has ended is nothing')
})

test('it is stopped by SIGTERM or a message of its own, and killed when it takes longer than the grace', async (t) => {
  const polite = startChild(t, ['say', 'up'])
  await polite.firstMessage(isUp)
  assert.equal((await polite.stop(LONG_MS)).signal, 'SIGTERM')
  const told = startChild(t, ['deaf', 'say', 'up'])
  await told.firstMessage(isUp)
  assert.deepEqual(await told.stop(LONG_MS, { end: 4 }), { code: 4, signal: null, lastLines: [] })
  const deaf = startChild(t, ['deaf', 'say', 'up'])
  await deaf.firstMessage(isUp)
  assert.equal((await deaf.stop(50)).signal, 'SIGKILL')
})

/** The state and the session of a process: proc(5) has pid (comm) state ppid pgrp session. */
const statOf = (pid: number | 'self') => {
  const [state, , , session] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return { state, session }
}
const onLinux = { skip: process.platform !== 'linux' }

test('sending to a child that is just dying throws nothing, then or later', onLinux, async (t) => {
  const child = startChild(t, ['say', 'up'])
  await child.firstMessage(isUp)
  process.kill(child.pid!, 'SIGKILL')
  // Dead, and this process has not heard of it yet: the channel breaks under the message.
  while (statOf(child.pid!).state !== 'Z');
  assert.equal(child.send({ late: true }), true)
  assert.equal((await child.exited).signal, 'SIGKILL')
})

test('what it prints goes to the log, line by line, and the last lines of stderr are kept', async (t) => {
  const lines: object[] = []
  const note = (level: string) => (fields: object) => lines.push({ level, ...fields })
  const logger = { info: note('info'), warn: note('warn') } as unknown as Logger // what a child uses of it
  const complaints = Array.from({ length: 30 }, (_, i) => `line ${i}`)
  const args = ['print', 'hello', ...complaints.flatMap((line) => ['complain', line]), 'exit', '1']
  const child = startChild(t, args, { output: logger })
  const { code, lastLines } = await child.exited
  assert.equal(code, 1)
  assert.deepEqual(lastLines, complaints.slice(-20))
  const { pid } = child
  assert.deepEqual(
    lines.filter((line) => 'level' in line && line.level === 'info'),
    [{ level: 'info', pid, line: 'hello' }]
  )
  assert.equal(lines.length, 31)
})

test('or to a function, both streams of it', async (t) => {
  const lines: string[] = []
  const child = startChild(t, ['print', 'one', 'complain', 'two', 'exit', '0'], { output: (line) => lines.push(line) })
  await child.exited
  assert.deepEqual(lines.sort(), ['one', 'two'])
})

test('its environment and the options of its Node are those that were given', async (t) => {
  const env = { ...process.env, FAKE: 'yes' }
  const given = startChild(t, ['say', 'up'], { env, execArgv: ['--no-deprecation'] })
  const up = await given.firstMessage(isUp)
  assert.deepEqual([up?.env, up?.execArgv], ['yes', ['--no-deprecation']])
  const plain = await startChild(t, ['say', 'up']).firstMessage(isUp)
  assert.deepEqual([plain?.env, plain?.execArgv], [null, []])
})

test('detached it has a session of its own', onLinux, async (t) => {
  for (const detached of [true, false]) {
    const child = startChild(t, ['say', 'up'], { detached })
    await child.firstMessage(isUp)
    assert.equal(statOf(child.pid!).session, detached ? String(child.pid) : statOf('self').session)
  }
})

test('one that ends without the message that is waited for answers null, and an absent entry is an exit', async (t) => {
  const silent = startChild(t, ['say', 'something', 'exit', '7'])
  assert.equal(await silent.firstMessage(isUp), null)
  assert.equal((await silent.exited).code, 7)
  const absent = startChild(t, [], { entry: join(import.meta.dirname, 'absent.ts') })
  assert.equal(await absent.firstMessage(isUp), null)
  assert.equal((await absent.exited).code, 1)
})
