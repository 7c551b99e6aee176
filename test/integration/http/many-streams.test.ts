/** A thousand event streams on real sockets, slow ones, and streams whose key ends. */
import assert from 'node:assert/strict'
import { Agent, type IncomingMessage, request } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { after, test } from 'node:test'
import { newId } from '../../../src/base/ids.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { createKeyService } from '../../../src/services/access/keys.ts'
import { createEventNotices } from '../../../src/storage/postgres/event-notices.ts'
import { anAdminOf, createTestApp, type TestApp } from '../../helpers/app.ts'
import { fakeClock, settle } from '../../helpers/fake-clock.ts'
import { expectNoLeaks } from '../../helpers/leaks.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyVersion } from '../../helpers/records.ts'

const skip = await whyNoPostgres()
const FOLLOWERS = 1000
/** Connections that wait to be taken: of more than 511 the kernel resets some on a machine that is busy. */
const AT_ONCE = 250
const at = new Date(Date.UTC(2026, 0, 1))
const clock = fakeClock()
const agent = new Agent({ maxSockets: Number.POSITIVE_INFINITY })

interface TestScope {
  after(hook: () => Promise<void>): void
}

async function setUp(scope: TestScope, limits = { perKey: FOLLOWERS, perProcess: FOLLOWERS }) {
  const notices = (url: string) => createEventNotices({ url, clock, logger: silentLogger })
  const api = await createTestApp(scope, { clock, notices, app: { streamLimits: limits } })
  const { datasetId: dataset } = await aReadyVersion(api, api.projectId)
  const body = { dataset, method: 'dino-vmf', preset: 'demo' }
  const createRun = async (): Promise<string> => (await api.call('POST', '/v1/runs', { body })).json.id
  await api.app.listen({ port: 0 })
  const { port } = api.app.server.address() as AddressInfo
  return { api, createRun, port }
}

interface Stream {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly socket: Socket
  readonly message: IncomingMessage
  text: string
  isEnded: boolean
}

/** @param isReading false leaves everything that comes in the sockets */
function openStream(port: number, run: string, { key, isReading = true }: { key: string; isReading?: boolean }) {
  const headers = { authorization: `Bearer ${key}`, accept: 'text/event-stream' }
  return new Promise<Stream>((resolve, reject) => {
    const asking = request({ port, path: `/v1/runs/${run}/events`, headers, agent }, (message) => {
      const { statusCode: status = 0, headers, socket } = message
      const stream: Stream = { status, headers, socket, message, text: '', isEnded: false }
      const end = () => {
        stream.isEnded = true
      }
      message.on('end', end).on('close', end).on('error', end)
      if (isReading) message.on('data', (chunk) => (stream.text += chunk))
      resolve(stream)
    })
    asking.on('error', reject).end()
  })
}

const idsOf = ({ text }: Stream): number[] => [...text.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]))
const event = (data = {}) => ({ type: 'progress', level: 'info', data }) as const

/** As long as a notice is gathered: the feed looks after it. */
const STEP_MS = 50
/** Real time, for sockets and a database that wait for a core. */
const WITHIN_MS = 120_000

/**
 * Time goes on when somebody's moment has come, and else no faster than real time: or the half minute that a client may be
 * slow for passes while a busy machine answers one query.
 */
async function until(isSo: () => boolean, stepMs = STEP_MS): Promise<void> {
  const deadline = performance.now() + WITHIN_MS
  let movedAt = performance.now()
  while (!isSo()) {
    const now = performance.now()
    assert.ok(now < deadline, `never: ${isSo}`)
    if (clock.isAwaited(STEP_MS) || now - movedAt >= STEP_MS) {
      movedAt = now
      await clock.advance(stepMs)
    }
    await settle(10)
  }
}

function countReads({ stores }: TestApp): () => number {
  let reads = 0
  for (const [store, names] of [
    [stores.events, ['list', 'heads']],
    [stores.runs, ['find', 'load']],
    [stores.keys, ['findById', 'findMany', 'touch']]
  ] as const) {
    for (const name of names) {
      const method = (store as unknown as Record<string, (...args: unknown[]) => unknown>)[name]!
      Object.assign(store, {
        [name]: (...args: unknown[]) => {
          reads += 1
          return method(...args)
        }
      })
    }
  }
  return () => reads
}

/** Also how many were open at once, as /metrics says. */
async function followAll(scope: TestScope, count: number) {
  const { api, createRun, port } = await setUp(scope)
  const run = await createRun()
  const { key } = await api.issueKey({ scopes: ['runs:read'] })
  const other = await api.issueKey({})
  const reads = countReads(api)
  const streams: Stream[] = []
  while (streams.length < count) {
    const next = Array.from({ length: Math.min(AT_ONCE, count - streams.length) }, () => openStream(port, run, { key }))
    streams.push(...(await Promise.all(next)))
  }
  await until(() => streams.every((stream) => idsOf(stream).length === 1))
  const opened = reads()
  for (let i = 0; i < 10; i++) {
    await api.stores.events.append(run, [event(), event()], at)
    await until(() => streams.every((stream) => idsOf(stream).length === 3 + 2 * i))
  }
  const followed = reads() - opened
  assert.equal((await api.call('GET', '/v1/runs', { key: other.key })).status, 200)
  const metrics = (await api.call('GET', '/metrics', { key: null })).text
  const open = Number(/^kappa_event_streams (\d+)$/m.exec(metrics)?.[1])
  await api.stores.events.append(run, [event()], at)
  await api.stores.runs.update(run, { status: 'succeeded' })
  await until(() => streams.every(({ isEnded }) => isEnded))
  for (const stream of streams) {
    assert.equal(stream.status, 200)
    assert.deepEqual(
      idsOf(stream),
      Array.from({ length: 22 }, (_, i) => i + 1)
    )
  }
  return { opened, followed, open }
}

test('a thousand streams ask the database no more than one does, and others are answered', { skip }, async (t) => {
  const one = await followAll(t, 1)
  const many = await followAll(t, FOLLOWERS)
  assert.deepEqual([one.open, many.open], [1, FOLLOWERS])
  // Looks that the test's way of waiting adds: one every two seconds of its clock.
  assert.ok(many.opened <= one.opened + 10, `${many.opened} reads to open, ${one.opened} for one`)
  assert.ok(many.followed <= one.followed + 30, `${many.followed} reads for ten batches, ${one.followed} for one`)
})

test('a key has so many streams, and a process so many of all keys', { skip }, async (t) => {
  const { api, createRun, port } = await setUp(t, { perKey: 2, perProcess: 3 })
  const run = await createRun()
  const [one, two] = [(await api.issueKey({})).key, (await api.issueKey({})).key]
  const first = await openStream(port, run, { key: one })
  await openStream(port, run, { key: one })
  const accept = { accept: 'text/event-stream' }
  const refused = await api.call('GET', `/v1/runs/${run}/events`, { key: one, headers: accept })
  assert.deepEqual([refused.status, refused.json.code, refused.json.limit], [429, 'rate_limited', 2])
  assert.equal(refused.headers['retry-after'], '10')
  assert.equal((await api.call('GET', `/v1/runs/${run}/events`, { key: one })).status, 200, 'a page is no stream')
  await openStream(port, run, { key: two })
  const full = await api.call('GET', `/v1/runs/${run}/events`, { key: two, headers: accept })
  assert.deepEqual([full.status, full.json.code, full.headers['retry-after']], [429, 'overloaded', '10'])
  const unknown = () => api.call('GET', '/v1/runs/run_unknown/events', { key: one, headers: accept })
  first.socket.destroy()
  for (let i = 0; (await unknown()).status === 429; i++) {
    assert.ok(i < 1000, 'its place is never free again')
    await settle()
  }
  for (let i = 0; i < 5; i++) assert.equal((await unknown()).status, 404, 'what was refused holds no place')
  assert.equal((await openStream(port, run, { key: one })).status, 200)
})

test('streams end with their key: revoked here at once, elsewhere, or by the clock soon', {
  skip
}, async (t) => {
  const { api, createRun, port } = await setUp(t)
  const run = await createRun()
  const issue = async (expiresAt: Date | null = null) => {
    const request = { name: 'x', scopes: ['runs:read'], expiresAt } as const
    const { key, token } = await api.services.keys.create(anAdminOf(api.projectId), request)
    const stream = await openStream(port, run, { key: token })
    await until(() => idsOf(stream).length === 1)
    return { id: key.id, stream }
  }
  const staying = await issue()
  const here = await issue()
  const answer = await api.call('DELETE', `/v1/keys/${here.id}`)
  assert.equal(answer.status, 204)
  for (const deadline = performance.now() + WITHIN_MS; !here.stream.isEnded; ) {
    assert.ok(performance.now() < deadline, 'the stream goes on')
    await settle()
  }

  const there = await issue()
  await createKeyService({ ...api, clock, newId }).revoke(api.projectId, there.id)
  await until(() => there.stream.isEnded, 500)

  const expiring = await issue(new Date(clock.now() + 60_000))
  await clock.advance(55_000)
  assert.equal(expiring.stream.isEnded, false)
  await until(() => expiring.stream.isEnded, 500)
  assert.equal(staying.stream.isEnded, false)
  await api.stores.events.append(run, [event()], at)
  await until(() => idsOf(staying.stream).length === 2)
})

test('a client that reads nothing costs a few buffers, and its connection when it goes on so', { skip }, async (t) => {
  const { api, createRun, port } = await setUp(t)
  const run = await createRun()
  const { key } = await api.issueKey({})
  const sockets: Socket[] = []
  api.app.server.on('connection', (socket) => sockets.push(socket))
  const stalled = await openStream(port, run, { key, isReading: false })
  const reader = await openStream(port, run, { key })
  const large = event({ text: 'x'.repeat(2000) })
  const events = 10_000
  for (let i = 0; i < events / 500; i++) {
    await api.stores.events.append(run, Array<typeof large>(500).fill(large), at)
    await until(() => idsOf(reader).length === 1 + 500 * (i + 1))
  }
  const held = sockets.map((socket) => socket.writableLength)
  assert.ok(Math.max(...held) < 2 * 1024 * 1024, `${held} of ${events * 2000} bytes`)
  assert.equal(sockets.filter((socket) => socket.destroyed).length, 0)
  await clock.advance(31_000)
  await until(() => sockets.filter((socket) => socket.destroyed).length === 1)
  assert.equal(reader.isEnded, false)
  stalled.message.resume()
  await until(() => stalled.isEnded)
})

after(async () => agent.destroy())
expectNoLeaks({ after })
