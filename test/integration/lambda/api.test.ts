/** The function as it is deployed, its bundle, in a process of its own: Lambda's side is played by a server, the database is real. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import {
  type Answered,
  type FailedInvocation,
  type FunctionProcess,
  httpEvent,
  type LambdaRuntime,
  startFunction,
  startLambdaRuntime
} from '../../helpers/lambda-runtime.ts'
import { createTestDatabase, whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyVersion } from '../../helpers/records.ts'

const skip = await whyNoPostgres()
const ROOT = resolve(import.meta.dirname, '../../..')
const folder = mkdtempSync(join(tmpdir(), 'kappa-lambda-'))
const file = join(folder, 'src/bin/lambda.js')
after(() => rmSync(folder, { recursive: true, force: true }))
if (!skip)
  execFileSync(process.execPath, [join(ROOT, 'src/bin/bundle-lambda.ts'), '--out', folder], { stdio: 'ignore' })

const url = skip ? '' : await createTestDatabase({ after })
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after }, { databaseUrl: url })
const dataset = skip ? '' : (await aReadyVersion(api, api.projectId)).datasetId

/** One connection: what a request needs of a second one, or of a session, would stand still here. */
const ENVIRONMENT = { DATABASE_URL: url, KAPPA_DATABASE_POOL: '1', KAPPA_DATA: join(folder, 'data'), LOG_LEVEL: 'warn' }

interface LambdaFunction extends LambdaRuntime {
  readonly process: FunctionProcess
  call(
    method: string,
    path: string,
    options?: { readonly body?: unknown; readonly headers?: object }
  ): Promise<Answered>
}

async function start(environment: Readonly<Record<string, string>> = {}): Promise<LambdaFunction> {
  const runtime = await startLambdaRuntime()
  const process_ = startFunction(file, runtime, { ...ENVIRONMENT, ...environment })
  after(async () => {
    await process_.stop()
    await runtime.close()
  })
  return {
    ...runtime,
    invoke: runtime.invoke,
    process: process_,
    async call(method, path, { body, headers } = {}) {
      const type = body === undefined ? {} : { 'content-type': 'application/json' }
      const sent = { authorization: `Bearer ${api.adminKey}`, ...type, ...headers }
      const text = body === undefined ? {} : { body: JSON.stringify(body) }
      return answered(await runtime.invoke(httpEvent(method, path, { headers: sent, ...text })), process_)
    }
  }
}

function answered(outcome: Answered | FailedInvocation, { output }: Pick<FunctionProcess, 'output'>): Answered {
  if ('errorMessage' in outcome) throw new Error(`${outcome.errorType}: ${outcome.errorMessage}\n${output()}`)
  return outcome
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
const jsonOf = ({ body }: Answered): any => JSON.parse(body.toString())
const at = new Date(Date.UTC(2026, 0, 1))
const finish = async (runId: string): Promise<void> => {
  await api.stores.events.append(runId, [{ type: 'state', level: 'info', data: { status: 'succeeded' } }], at)
  await api.stores.runs.update(runId, { status: 'succeeded' })
}
const stream = { accept: 'text/event-stream' }
const idsOf = ({ body }: Answered): number[] =>
  [...body.toString().matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id))

test('a buffered function answers as the API does, with one connection to the database', { skip }, async (t) => {
  const lambda = await start()

  await t.test('it is ready', async () => {
    const ready = await lambda.call('GET', '/readyz')
    assert.equal(ready.status, 200, ready.body.toString())
  })

  let runId = ''
  await t.test('a run is created, with its job, and listed', async () => {
    const created = await lambda.call('POST', '/v1/runs', { body: { dataset, method: 'dino-vmf', preset: 'demo' } })
    assert.equal(created.status, 202, created.body.toString())
    runId = jsonOf(created).id
    assert.equal(created.headers['location'], `/v1/runs/${runId}`)
    const { rows } = await api.database.pool.query('select data from pgboss.job where singleton_key = $1', [
      `${runId}:0`
    ])
    assert.deepEqual(rows, [{ data: { runId } }])
    const list = await lambda.call('GET', '/v1/runs?limit=1&status=queued')
    assert.deepEqual(
      jsonOf(list).data.map(({ id }: { id: string }) => id),
      [runId]
    )
  })

  await t.test('a query reaches the API as it was sent', async () => {
    const twice = await lambda.call('GET', '/v1/runs?limit=1&limit=2')
    assert.equal(twice.status, 400)
    const some = await lambda.call('GET', `/v1/runs/${runId}/metrics?keys=loss,teacher_entropy`)
    assert.equal(some.status, 200, some.body.toString())
  })

  await t.test('an error is a problem', async () => {
    const none = await lambda.call('GET', '/v1/runs/run_00000000000000000000000000')
    assert.deepEqual([none.status, jsonOf(none).code], [404, 'run_not_found'])
    assert.match(none.headers['content-type'] ?? '', /^application\/problem\+json/)
    const noKey = await lambda.call('GET', '/v1/runs', { headers: { authorization: '' } })
    assert.equal(noKey.status, 401)
  })

  await t.test('an event stream is a poll: what is there, and an end from which the client comes back', async () => {
    const first = await lambda.call('GET', `/v1/runs/${runId}/events`, { headers: stream })
    assert.match(first.headers['content-type'] ?? '', /^text\/event-stream/)
    assert.deepEqual(idsOf(first), [1])
    await finish(runId)
    const next = await lambda.call('GET', `/v1/runs/${runId}/events`, { headers: { ...stream, 'last-event-id': '1' } })
    assert.deepEqual(idsOf(next), [2])
  })

  await t.test('bytes come as base64, text as text', async () => {
    const icon = await lambda.call('GET', '/docs/static/favicon-32x32.png')
    assert.deepEqual([icon.status, icon.isBase64Encoded], [200, true])
    assert.deepEqual([...icon.body.subarray(1, 4)], [...Buffer.from('PNG')])
    assert.equal((await lambda.call('GET', '/livez')).isBase64Encoded, false)
  })

  await t.test('embeddings are refused where the bundle has no inference', async () => {
    const input = [`data:image/png;base64,${Buffer.from('no image').toString('base64')}`]
    const refused = await lambda.call('POST', '/v1/embeddings', { body: { model: 'mdl_none', input } })
    assert.equal(refused.status, 404)
  })

  await t.test('what Lambda does not take is told to it as an error, and the next request is answered', async () => {
    lambda.limit(1000)
    const outcome = await lambda.invoke(httpEvent('GET', '/openapi.json'))
    assert.match('errorMessage' in outcome ? outcome.errorMessage : '', /answered 413/)
    assert.equal((await lambda.call('GET', '/livez')).status, 200)
  })

  await t.test('an event that is no request is an error, and the schedule of webhooks is none', async () => {
    const outcome = await lambda.invoke({ source: 'somewhere' })
    assert.match('errorMessage' in outcome ? outcome.errorMessage : '', /must be \{"kappa": "send-webhooks"\}/)
    const done = await lambda.invoke({ kappa: 'send-webhooks' })
    assert.ok(!('errorMessage' in done), JSON.stringify(done))
  })
})

test('a streamed function sends events as they happen', { skip }, async (t) => {
  const lambda = await start({ KAPPA_LAMBDA_RESPONSES: 'streamed' })
  const aRun = async (): Promise<string> =>
    jsonOf(await lambda.call('POST', '/v1/runs', { body: { dataset, method: 'dino-vmf', preset: 'demo' } })).id

  await t.test('until the run has ended', async () => {
    const runId = await aRun()
    const following = lambda.call('GET', `/v1/runs/${runId}/events`, { headers: stream })
    await lambda.firstByte()
    await finish(runId)
    const followed = await following
    assert.deepEqual(idsOf(followed), [1, 2])
    assert.equal(followed.headers['transfer-encoding'], undefined)
    assert.ok(followed.firstMs < followed.wholeMs)
  })

  await t.test('or until Lambda would end the process, and the next request is answered', async () => {
    const runId = await aRun()
    const headers = { authorization: `Bearer ${api.adminKey}`, ...stream }
    const outcome = await lambda.invoke(httpEvent('GET', `/v1/runs/${runId}/events`, { headers }), { timeoutMs: 5500 })
    const cut = answered(outcome, lambda.process)
    assert.deepEqual([cut.status, idsOf(cut), cut.errorType], [200, [1], undefined])
    assert.equal((await lambda.call('GET', `/v1/runs/${runId}`)).status, 200)
  })

  await t.test('an answer without a body is one', async () => {
    const { status, body } = await lambda.call('HEAD', '/livez')
    assert.deepEqual([status, body.length], [200, 0])
  })
})

test('a function that cannot start says why', { skip }, async () => {
  const lambda = await start({ KAPPA_DATABASE_POOL: 'many', KAPPA_LAMBDA_RESPONSES: 'thrown' })
  const { errorMessage } = await lambda.initError
  assert.match(errorMessage, /KAPPA_DATABASE_POOL must be a whole number/)
  assert.match(errorMessage, /KAPPA_LAMBDA_RESPONSES must be one of buffered, streamed/)
})
