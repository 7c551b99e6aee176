/** Batches over a stand-in of the server: what is sent, what is waited for, and what is read of the answers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Problem } from '../../../src/client/problem.ts'
import type { Batch } from '../../../src/client/resources.ts'
import { batchLine } from '../../../src/sdk/batches.ts'
import { createKappa } from '../../../src/sdk/kappa.ts'

type Answer = (request: Request) => Response | Promise<Response>

/** Each answer is given once, in order. */
function server(answers: readonly Answer[]) {
  const waiting = [...answers]
  const asked: string[] = []
  const fetch = async (request: Request) => {
    asked.push(`${request.method} ${new URL(request.url).pathname}`)
    return waiting.shift()!(request)
  }
  return { kappa: createKappa({ url: 'http://kappa.test/', key: 'k', fetch, retry: { tries: 2 } }), asked }
}
const refuse =
  (status: number, code: string, headers: Record<string, string> = {}) =>
  () =>
    Response.json({ code, detail: code }, { status, headers })
const base64 = (...bytes: number[]) => Buffer.from(bytes).toString('base64')
const answered = (id: string, ...embeddings: readonly (string | number[])[]) =>
  JSON.stringify({
    ...{ custom_id: id, error: null },
    response: { status_code: 200, body: { data: embeddings.map((embedding, index) => ({ index, embedding })) } }
  })
const failed = (id: string, body: object) =>
  JSON.stringify({ custom_id: id, response: { status_code: 422, body }, error: null })
const files = (output: string | null, error: string | null = null) =>
  ({ output_file_id: output, error_file_id: error }) as Batch
async function all<T>(from: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const one of from) found.push(one)
  return found
}

test('requests are uploaded as a file of a form, again where the rate of the project is used up, and queued once', async () => {
  const line = batchLine({ customId: 'a', model: 'shoes@prod', images: [Uint8Array.of(1, 2)], outputDtype: 'int8' })
  assert.deepEqual(JSON.parse(line), {
    ...{ custom_id: 'a', method: 'POST', url: '/v1/embeddings' },
    body: { model: 'shoes@prod', input: [base64(1, 2)], encoding_format: 'base64', output_dtype: 'int8' }
  })
  const forms: unknown[][] = []
  const { kappa, asked } = server([
    refuse(429, 'project_rate_limited', { 'retry-after': '0.001' }),
    async (request) => {
      const form = await request.formData()
      forms.push([form.get('purpose'), await (form.get('file') as File).text(), (form.get('file') as File).name])
      return Response.json({ id: 'file_1' }, { status: 201 })
    },
    async (request) => {
      assert.ok(request.headers.get('idempotency-key'))
      const body = { input_file_id: 'file_1', endpoint: '/v1/embeddings', completion_window: '2h' }
      assert.deepEqual(await request.json(), { ...body, metadata: { team: 'x' } })
      return Response.json({ id: 'batch_1' }, { status: 202 })
    }
  ])
  const made = await kappa.batches.create(new Blob([line]), { completionWindow: '2h', metadata: { team: 'x' } })
  assert.equal(made.id, 'batch_1')
  assert.deepEqual(forms, [['batch', line, 'requests.jsonl']])
  assert.deepEqual(asked, ['POST /v1/files', 'POST /v1/files', 'POST /v1/batches'])
})

test('a file is not sent twice where nobody answers, and one whose batch is refused is removed', async () => {
  const silent = server([() => Promise.reject(new TypeError('fetch failed'))])
  await assert.rejects(silent.kappa.batches.create('{}'), /cannot be reached/)
  const { kappa, asked } = server([
    () => Response.json({ id: 'file_1' }, { status: 201 }),
    refuse(422, 'batch_impossible'),
    () => Response.json({ id: 'file_1', deleted: true })
  ])
  await assert.rejects(kappa.batches.create('{}'), ({ code }: Problem) => code === 'batch_impossible')
  assert.equal(asked.at(-1), 'DELETE /v1/files/file_1')
})

test('its end is waited for, whichever it is', async () => {
  for (const status of ['completed', 'failed', 'expired', 'cancelled']) {
    const states = ['validating', 'in_progress', 'finalizing', 'cancelling', status]
    const { kappa } = server(states.map((one) => () => Response.json({ id: 'batch_1', status: one })))
    const seen: string[] = []
    const ended = await kappa.batches.wait('batch_1', { pollMs: 0, onUpdate: (one) => void seen.push(one.status) })
    assert.deepEqual([ended.status, seen], [status, states])
  }
})

test('answers are read in their order, then failures, each vector in its type', async () => {
  const text = `${answered('a', base64(1, 255), base64(2, 3))}\n${answered('b', [3, -4])}\n`
  const errors = `${failed('c', { error: { code: 'image_invalid', message: 'no image' } })}\n`
  const { kappa } = server([() => new Response(text), () => new Response(errors)])
  const found = await all(kappa.batches.results(files('file_1', 'file_2'), { outputDtype: 'int8' }))
  assert.deepEqual(found, [
    { customId: 'a', embeddings: [Int8Array.of(1, -1), Int8Array.of(2, 3)], error: null },
    { customId: 'b', embeddings: [Int8Array.of(3, -4)], error: null },
    { customId: 'c', embeddings: null, error: { code: 'image_invalid', message: 'no image' } }
  ])
  const none = server([])
  assert.deepEqual(await all(none.kappa.batches.results(files(null))), [])
})

test('a connection that breaks costs no line, and none comes twice', { timeout: 20_000 }, async () => {
  const lines = ['é1', '2', '3'].map((id) => answered(id, [1]))
  const bytes = Buffer.from(`${lines.join('\n')}\n`)
  /** So many bytes, one by one at the umlaut, and then the end or a break. */
  const body = (end: number) =>
    new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes.subarray(0, 30)) controller.enqueue(Uint8Array.of(byte))
        if (end > 30) controller.enqueue(bytes.subarray(30, end))
      },
      pull(controller) {
        if (end === bytes.length) controller.close()
        else controller.error(new TypeError('terminated'))
      }
    })
  const { kappa, asked } = server([bytes.length - 10, bytes.length].map((end) => () => new Response(body(end))))
  assert.deepEqual(await all(kappa.batches.lines('file_1')), lines)
  assert.equal(asked.length, 2)
  const refused = server([refuse(404, 'file_not_found')])
  await assert.rejects(all(refused.kappa.batches.lines('file_2')), ({ code }: Problem) => code === 'file_not_found')
})
