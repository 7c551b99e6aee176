import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../../../src/base/log.ts'
import { isHttpEvent, MOST_BYTES, withinLimit } from '../../../src/lambda/http-events.ts'
import { PAUSE_MS, serveInvocations } from '../../../src/lambda/invocations.ts'
import type { Invocation, RuntimeApi } from '../../../src/lambda/runtime-api.ts'
import { httpEvent } from '../../helpers/lambda-runtime.ts'

/** Each time that an invocation comes, so long after the one before. */
async function serve(pauses: readonly number[], answer: (invocation: Invocation) => Promise<void>) {
  const ending = new AbortController()
  const told: string[] = []
  let now = 0
  let i = 0
  const api = {
    async next() {
      now += pauses[i] ?? 0
      i++
      if (i === pauses.length) ending.abort()
      return { id: `i${i}`, event: {}, deadlineMs: 0 }
    },
    async fail(id: string, error: unknown) {
      told.push(`${id} failed: ${error instanceof Error ? error.message : ''}`)
    }
  } as unknown as RuntimeApi
  const afterPause = async () => void told.push(`after the pause before i${i}`)
  const clock = { now: () => now, sleep: async () => {} }
  await serveInvocations({ api, answer, afterPause, clock, logger: silentLogger, signal: ending.signal })
  return told
}

test('what was open is looked at after a pause in which it may have gone', async () => {
  assert.deepEqual(await serve([PAUSE_MS - 1, PAUSE_MS, 1], async () => {}), ['after the pause before i2'])
})

test('an invocation that fails is told as such, and the next one is served', async () => {
  const answer = async ({ id }: Invocation) => {
    if (id === 'i1') throw new Error('broken')
  }
  assert.deepEqual(await serve([0, 0], answer), ['i1 failed: broken'])
})

test('an answer that Lambda would refuse becomes a problem', () => {
  const answer = { statusCode: 200, headers: { 'x-request-id': 'r1' }, body: 'x'.repeat(MOST_BYTES - 100) }
  assert.equal(withinLimit(answer), answer)
  const refused = withinLimit({ ...answer, body: 'ä'.repeat(MOST_BYTES / 2) })
  assert.equal(refused.statusCode, 422)
  const { code, limit, request_id } = JSON.parse(refused.body)
  assert.deepEqual({ code, limit, request_id }, { code: 'answer_too_large', limit: MOST_BYTES, request_id: 'r1' })
})

test('what comes through a URL is told from what AWS sends by itself', () => {
  assert.equal(isHttpEvent(httpEvent('GET', '/v1/runs')), true)
  for (const event of [null, 'x', {}, { kappa: 'send-webhooks' }, { source: 'aws.events', detail: {} }])
    assert.equal(isHttpEvent(event), false)
})
