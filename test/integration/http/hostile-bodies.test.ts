/**
 * The API as a process of its own, with little memory, over a socket. One client sends bodies of 64 MB that are made to hurt;
 * another one's small requests are answered all the while.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, type ClientRequest, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { freePort } from '../../../src/base/free-port.ts'
import { createTestDatabase, whyNoPostgres } from '../../helpers/postgres.ts'
import type { Turns } from '../../helpers/turns-probe.ts'

const skip = await whyNoPostgres()

const KEY = 'kappa_test_0123456789abcdefghij'
const BODY_BYTES = 64 * 1024 * 1024
const HEAP_MIB = 1024
const ENTRY = join(import.meta.dirname, '../../../src/bin/api.ts')
const PROBE = join(import.meta.dirname, '../../helpers/turns-probe.ts')

const port = await freePort()
const child = skip ? (undefined as unknown as ChildProcess) : await startApi()

async function startApi(): Promise<ChildProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'kappa-bodies-'))
  const cleanUps: (() => Promise<void>)[] = []
  const databaseUrl = await createTestDatabase({ after: (cleanUp) => void cleanUps.push(cleanUp) })
  const started = fork(ENTRY, {
    env: {
      ...process.env,
      DATABASE_URL: databaseUrl,
      PORT: String(port),
      KAPPA_DATA: folder,
      KAPPA_ADMIN_KEY: KEY,
      LOG_LEVEL: 'error'
    },
    execArgv: [`--max-old-space-size=${HEAP_MIB}`, '--import', PROBE],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc']
  })
  const exited = once(started, 'exit')
  after(async () => {
    // Not asked to stop: it would wait for bodies that a failed test has left open.
    started.kill('SIGKILL')
    await exited
    for (const cleanUp of cleanUps) await cleanUp()
    await rm(folder, { recursive: true, force: true })
  })
  await Promise.race([once(started, 'message'), exited.then(() => Promise.reject(new Error('the API did not start')))])
  return started
}

async function probe(): Promise<Turns> {
  for (child.send('probe'); ; ) {
    const [message] = (await once(child, 'message')) as [Turns]
    if (message.probe) return message
  }
}

/** Keeps connections, so that an answer in the middle of a body arrives. */
const agent = new Agent({ keepAlive: true })
after(() => agent.destroy())

const open = (bytes: number, headers: Record<string, string> = {}): ClientRequest =>
  request({
    port,
    host: '127.0.0.1',
    method: 'POST',
    path: '/v1/embeddings',
    agent,
    headers: {
      authorization: `Bearer ${KEY}`,
      'content-type': 'application/json',
      'content-length': String(bytes),
      ...headers
    }
  })

interface Refusal {
  readonly status: number
  readonly json: { readonly code: string }
}

/** The answer; it may come before the body has ended. */
async function send(body: Iterable<Buffer>, bytes: number, headers?: Record<string, string>): Promise<Refusal> {
  const sent = open(bytes, headers)
  const answered = once(sent, 'response')
  let isAnswered = false
  answered.then(
    () => {
      isAnswered = true
    },
    () => {} // awaited below; until then it must not count as unhandled
  )
  for (const chunk of body) if (!sent.write(chunk) && !isAnswered) await Promise.race([once(sent, 'drain'), answered])
  sent.end()
  const [response] = await answered
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return { status: response.statusCode, json: JSON.parse(Buffer.concat(chunks).toString()) }
}

/** Head, as many units as fit, tail. */
function* filled(head: string, unit: string, tail: string): Generator<Buffer> {
  const room = BODY_BYTES - head.length - tail.length
  const piece = Buffer.from(unit.repeat(Math.ceil(65_536 / unit.length)))
  yield Buffer.from(head)
  let left = room
  for (; left > piece.length; left -= piece.length) yield piece
  // White space makes the length whole: of a body that is refused before it does not matter.
  yield Buffer.alloc(left, ' ')
  yield Buffer.from(tail)
}

/** Small requests of another client, one after the other, until it is ended. */
function startModest() {
  let answers = 0
  let isOver = false
  const asking = (async () => {
    while (!isOver) {
      const body = Buffer.from(JSON.stringify({ model: 'mdl_unknown', input: 'QUJD' }))
      const { status, json } = await send([body], body.length)
      assert.deepEqual([status, json.code], [404, 'model_not_found'])
      answers++
    }
  })()
  return {
    answers: () => answers,
    end: async () => {
      isOver = true
      await asking
      return answers
    }
  }
}

const HOSTILE: Record<string, () => Iterable<Buffer>> = {
  'empty objects': () => filled('[', '{},', '{}]'),
  'arrays in arrays': () => filled('', '[', ']'),
  'objects in objects': () => filled('', '{"input":', '}'),
  'one name again and again': () => filled('{', '"a":1,', '"a":1}'),
  numbers: () => filled('{"input":[', '1,', '1]}'),
  'empty texts': () => filled('{"input":[', '"",', '""]}'),
  'one long number': () => filled('{"input":', '1', '}'),
  'a long name': () => filled('{"', 'a', '":1}'),
  'white space': () => filled('{"input":', ' ', '1}'),
  'text of three bytes a character': () => filled('{"input":"', '漢', '"}')
}

for (const [what, body] of Object.entries(HOSTILE)) {
  test(`64 MB of ${what} are refused while they come in`, { skip }, async (t) => {
    const modest = startModest()
    await probe()
    const { status, json } = await send(body(), BODY_BYTES)
    const { longestMs, totalMs, heapBytes } = await probe()
    await modest.end()
    t.diagnostic(`${longestMs} ms in the longest turn, ${totalMs} ms in all, ${heapBytes} bytes of heap`)
    assert.equal(status, 413)
    assert.equal(json.code, 'body_too_large')
    // A few in fact; parsed, most of these take seconds.
    assert.ok(longestMs < 100, `${longestMs} ms of one turn`)
    assert.ok(heapBytes < 300e6, `${heapBytes} bytes of heap`)
  })
}

test('without a key not a byte of a large body is looked at', { skip }, async () => {
  await probe()
  const { status } = await send(filled('[', '{},', '{}]'), BODY_BYTES, { authorization: 'Bearer kappa_no_body' })
  assert.equal(status, 401)
  const { totalMs } = await probe()
  assert.ok(totalMs < 1000, `${totalMs} ms`)
})

// What is not there is said before a body is looked at.
const BODILESS = {
  '/v1/runs': 413,
  '/v1/keys': 413,
  '/v1/datasets': 413,
  '/v1/nothing-here': 404,
  '/nothing-here': 404
}
for (const [path, status] of Object.entries(BODILESS)) {
  test(`where no images are carried a body has a mebibyte: ${path}`, { skip }, async () => {
    // One that says its size, and one that does not.
    for (const headers of [{ 'content-length': String(2 * 1024 * 1024) }, { 'transfer-encoding': 'chunked' }]) {
      const sent = request({
        port,
        host: '127.0.0.1',
        method: 'POST',
        path,
        agent,
        headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json', ...headers }
      })
      sent.on('error', () => {})
      const answered = once(sent, 'response')
      sent.write(Buffer.alloc(1024 * 1024 + 1, ' '))
      const [response] = await answered
      assert.equal(response.statusCode, status)
      sent.destroy()
    }
  })
}

for (const [what, body] of Object.entries({
  base64: () => filled('{"model":"mdl_unknown","input":"', 'QUJDREVG', '"}'),
  'escaped quotes': () => filled('{"model":"mdl_unknown","input":"', '\\"', '"}'),
  'escapes of characters': () => filled('{"model":"mdl_unknown","input":"', '\\u0041', '"}')
})) {
  test(`one text of 64 MB of ${what} is read between the requests of others`, { skip }, async (t) => {
    const modest = startModest()
    await probe()
    const before = modest.answers()
    const { status, json } = await send(body(), BODY_BYTES)
    const { longestMs, totalMs, heapBytes } = await probe()
    const during = modest.answers() - before
    await modest.end()
    t.diagnostic(`${longestMs} ms in the longest turn, ${totalMs} ms in all, ${heapBytes} bytes of heap`)
    assert.deepEqual([status, json.code], [404, 'model_not_found'])
    assert.ok(during > 0, 'the other client is answered meanwhile')
    // 70 to 110 ms of JSON.parse.
    assert.ok(longestMs < 500, `${longestMs} ms of one turn`)
    assert.ok(totalMs < 3000, `${totalMs} ms`)
    assert.ok(heapBytes < 500e6, `${heapBytes} bytes of heap`)
  })
}

async function anotherKey(): Promise<Record<string, string>> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/keys`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'another', scopes: ['embeddings:write'] })
  })
  const { key } = (await response.json()) as { key: string }
  return { authorization: `Bearer ${key}` }
}

test('bodies that one key sends at the same time are bounded, and another key finds room', { skip }, async () => {
  const another = await anotherKey()
  // Two of 64 MiB are half of what there is: announced is enough, however slowly they come.
  const slow = [open(BODY_BYTES), open(BODY_BYTES)]
  for (const one of slow) {
    one.on('error', () => {})
    one.write('{"model":')
  }
  const small = Buffer.from(JSON.stringify({ model: 'mdl_unknown', input: 'QUJD' }))
  let refused: Refusal
  do refused = await send([small], small.length)
  while (refused.status !== 429)
  assert.equal(refused.json.code, 'too_much_at_once')
  assert.equal((await send([small], small.length, another)).status, 404)
  const large = await send(filled('[', '{},', '{}]'), BODY_BYTES, another)
  assert.equal(large.status, 413, 'read, for there was room')
  for (const one of slow) one.destroy()
  let freed: Refusal
  do freed = await send([small], small.length)
  while (freed.status === 429)
  assert.equal(freed.status, 404, 'who leaves frees the room')
})
