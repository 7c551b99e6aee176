import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import type { RunStatus } from '../../../src/domain/run.ts'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { fakeClock, settle } from '../../helpers/fake-clock.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyVersion } from '../../helpers/records.ts'

const skip = await whyNoPostgres()
/** Real time, for sockets and a database that wait for a core. */
const WITHIN_MS = 60_000
const clock = fakeClock()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after }, { clock })
const dataset = skip ? '' : (await aReadyVersion(api, api.projectId)).datasetId
const base = skip
  ? ''
  : await api.app.listen({ port: 0 }).then(() => {
      const { port } = api.app.server.address() as AddressInfo
      return `http://127.0.0.1:${port}`
    })

const at = new Date(Date.UTC(2026, 0, 1))
const createRun = async (): Promise<string> =>
  (await api.call('POST', '/v1/runs', { body: { dataset, method: 'dino-vmf', preset: 'demo' } })).json.id

const progress = (step: number) => ({ type: 'progress', level: 'info', data: { step, imagesPerSecond: 10 } }) as const
const state = (status: string) => ({ type: 'state', level: 'info', data: { status } }) as const

async function end(runId: string, status: RunStatus = 'succeeded'): Promise<void> {
  await api.stores.events.append(runId, [state(status)], at)
  await api.stores.runs.update(runId, { status })
}

const idsOf = (stream: string): number[] => [...stream.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]))

/** Reads a live stream; `until` moves time until the text has come. */
async function openStream(runId: string, headers: Record<string, string> = {}) {
  const controller = new AbortController()
  const response = await fetch(`${base}/v1/runs/${runId}/events`, {
    headers: { authorization: `Bearer ${api.adminKey}`, accept: 'text/event-stream', ...headers },
    signal: controller.signal
  })
  const stream = { text: '', isEnded: false }
  const reading = (async () => {
    const decoder = new TextDecoder()
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) stream.text += decoder.decode(chunk)
    stream.isEnded = true
  })().catch((error) => assert.equal(controller.signal.aborted, true, String(error)))
  const until = async (isThere: () => boolean) => {
    const deadline = performance.now() + WITHIN_MS
    while (!isThere()) {
      assert.ok(performance.now() < deadline, stream.text)
      // While the database is asked nobody sleeps, and time stands still.
      if (clock.isAwaited()) await clock.advance(500)
      await settle(20)
    }
  }
  return { response, stream, until, leave: () => controller.abort(), reading }
}

test('the log comes in pages', { skip }, async () => {
  const id = await createRun()
  await api.stores.events.append(id, [progress(1), progress(2)], at)
  const first = await api.call('GET', `/v1/runs/${id}/events?limit=2`)
  assert.deepEqual(
    first.json.data.map((one: { seq: number }) => one.seq),
    [1, 2]
  )
  assert.deepEqual(first.json.data[1].data, { step: 1, images_per_second: 10 })
  assert.equal(first.json.next_cursor, '2')
  const rest = await api.call('GET', `/v1/runs/${id}/events?after=${first.json.next_cursor}`)
  assert.deepEqual(
    rest.json.data.map((one: { seq: number }) => one.seq),
    [3]
  )
  assert.equal(rest.json.has_more, false)
})

test('a stream of a run that has ended replays its log, from after Last-Event-ID, and closes', { skip }, async () => {
  const id = await createRun()
  await api.stores.events.append(id, [progress(1), progress(2)], at)
  await end(id)
  const headers = { accept: 'text/event-stream' }
  const whole = await api.call('GET', `/v1/runs/${id}/events`, { headers })
  assert.equal(whole.headers['content-type'], 'text/event-stream')
  assert.deepEqual(idsOf(whole.text), [1, 2, 3, 4])
  assert.match(whole.text, /^event: state$/m)
  const rest = await api.call('GET', `/v1/runs/${id}/events`, { headers: { ...headers, 'last-event-id': '2' } })
  assert.deepEqual(idsOf(rest.text), [3, 4])
  const none = await api.call('GET', `/v1/runs/${id}/events?after=1`, { headers: { ...headers, 'last-event-id': '4' } })
  assert.deepEqual(idsOf(none.text), [])
})

test('more events than one look brings are all replayed', { skip }, async () => {
  const id = await createRun()
  await api.stores.events.append(
    id,
    Array.from({ length: 250 }, (_, i) => progress(i)),
    at
  )
  await end(id)
  const whole = await api.call('GET', `/v1/runs/${id}/events`, { headers: { accept: 'text/event-stream' } })
  assert.deepEqual(
    idsOf(whole.text),
    Array.from({ length: 252 }, (_, i) => i + 1)
  )
})

test('a stream follows a run until its last event, with a comment while nothing happens', { skip }, async () => {
  const id = await createRun()
  const { response, stream, until, reading } = await openStream(id)
  assert.equal(response.status, 200)
  await until(() => idsOf(stream.text).length === 1)
  await api.stores.events.append(id, [progress(1)], at)
  await until(() => idsOf(stream.text).length === 2)
  await until(() => stream.text.includes(': still here'))
  await end(id, 'failed')
  await until(() => stream.isEnded)
  await reading
  assert.deepEqual(idsOf(stream.text), [1, 2, 3])
})

test('nobody is asked any more once the client has left', { skip }, async () => {
  const id = await createRun()
  const { stream, until, leave, reading } = await openStream(id)
  await until(() => idsOf(stream.text).length === 1)
  leave()
  await reading
  for (let i = 0; i < 50; i++) await settle(20)
  let looks = 0
  const { list } = api.stores.events
  Object.assign(api.stores.events, {
    list: (...args: Parameters<typeof list>) => {
      looks += 1
      return list(...args)
    }
  })
  for (let i = 0; i < 10; i++) await clock.advance(500)
  Object.assign(api.stores.events, { list })
  assert.equal(looks, 0)
})

test('what is no run, no event id and no place is refused as a problem, not as a stream', { skip }, async () => {
  const headers = { accept: 'text/event-stream' }
  assert.equal((await api.call('GET', '/v1/runs/run_unknown/events', { headers })).status, 404)
  const id = await createRun()
  const refused = await api.call('GET', `/v1/runs/${id}/events`, { headers: { ...headers, 'last-event-id': 'x' } })
  assert.equal(refused.status, 400)
  assert.equal(refused.json.errors[0].parameter, 'Last-Event-ID')
  assert.equal((await api.call('GET', `/v1/runs/${id}/events?after=-1`)).status, 400)
})
