/**
 * The runtime API of AWS Lambda, as a process that serves a function sees it: it asks for an invocation, which takes as long as nobody
 * calls, and gives back one answer. Spoken here instead of by the managed runtime, so that one file runs on any image and a test can stand
 * in for Lambda. https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
import { Agent, type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { toError } from '../base/errors.ts'

const VERSION = '2018-06-01'
const STREAM_TYPE = 'application/vnd.awslambda.http-integration-response'
/** Between what a streamed answer begins with, as JSON, and its body. */
const DELIMITER = Buffer.alloc(8)

export interface Invocation {
  readonly id: string
  readonly event: unknown
  /** Since the epoch; then Lambda ends the process. */
  readonly deadlineMs: number
}

export interface StreamedAnswer {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  readonly cookies?: readonly string[]
}

export interface RuntimeApi {
  next(): Promise<Invocation>
  /** @throws RuntimeRefused 413 where it is larger than Lambda takes */
  respond(id: string, answer: object): Promise<void>
  /** What breaks a body that has begun is told in the trailers, and thrown. */
  respondStreaming(id: string, answer: StreamedAnswer, body: Readable): Promise<void>
  fail(id: string, error: unknown): Promise<void>
  /** The process cannot serve at all. */
  failToStart(error: unknown): Promise<void>
  close(): void
}

export class RuntimeRefused extends Error {
  override readonly name = 'RuntimeRefused'
  readonly status: number
  constructor(status: number, path: string) {
    super(`Lambda's runtime API answered ${status} to ${path}`)
    this.status = status
  }
}

/** @param address host and port, as AWS_LAMBDA_RUNTIME_API has it */
export function createRuntimeApi(address: string): RuntimeApi {
  // One connection: the next invocation comes through the same as the last answer went.
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const base = `http://${address}/${VERSION}/runtime`

  const open = (method: 'GET' | 'POST', path: string, headers: OutgoingHttpHeaders = {}): ClientRequest =>
    request(`${base}${path}`, { method, agent, headers })

  async function post(path: string, body: object, headers: OutgoingHttpHeaders = {}): Promise<void> {
    const bytes = Buffer.from(JSON.stringify(body))
    const sent = open('POST', path, { 'content-type': 'application/json', 'content-length': bytes.length, ...headers })
    const answered = responseOf(sent)
    sent.end(bytes)
    await accepted(path, await answered)
  }

  return {
    async next() {
      const path = '/invocation/next'
      const asked = open('GET', path)
      const answered = responseOf(asked)
      asked.end()
      const response = await answered
      const text = await textOf(response)
      if (response.statusCode !== 200) throw new RuntimeRefused(response.statusCode ?? 0, path)
      const id = String(response.headers['lambda-runtime-aws-request-id'])
      return { id, event: JSON.parse(text), deadlineMs: Number(response.headers['lambda-runtime-deadline-ms']) }
    },
    respond: (id, answer) => post(`/invocation/${id}/response`, answer),
    async respondStreaming(id, answer, body) {
      const path = `/invocation/${id}/response`
      const sent = open('POST', path, {
        'content-type': STREAM_TYPE,
        'lambda-runtime-function-response-mode': 'streaming',
        'transfer-encoding': 'chunked',
        trailer: 'Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body'
      })
      const answered = responseOf(sent)
      sent.write(Buffer.concat([Buffer.from(JSON.stringify(answer)), DELIMITER]))
      // Left open at a break: what is missing is then said, and not guessed from a connection that ended.
      const broken = await pipeline(body, sent, { end: false }).then(
        () => null,
        (error: unknown) => toError(error)
      )
      if (broken !== null && !sent.destroyed) sent.addTrailers(trailersOf(broken))
      sent.end()
      await accepted(path, await answered)
      if (broken !== null) throw broken
    },
    fail: (id, error) => post(`/invocation/${id}/error`, describe(error), errorType(error)),
    failToStart: (error) => post('/init/error', describe(error), errorType(error)),
    close: () => agent.destroy()
  }
}

const describe = (thrown: unknown) => {
  const { name, message, stack = '' } = toError(thrown)
  return { errorType: name, errorMessage: message, stackTrace: stack.split('\n').slice(1) }
}

const errorType = (thrown: unknown) => ({ 'lambda-runtime-function-error-type': `Kappa.${toError(thrown).name}` })

const trailersOf = (error: Error): Record<string, string> => ({
  'Lambda-Runtime-Function-Error-Type': `Kappa.${error.name}`,
  'Lambda-Runtime-Function-Error-Body': Buffer.from(JSON.stringify(describe(error))).toString('base64')
})

/** Listens before anything is sent: an answer may come while a body is still on its way. */
const responseOf = (sent: ClientRequest): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    sent.once('response', resolve)
    sent.once('error', reject)
  })

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

async function accepted(path: string, response: IncomingMessage): Promise<void> {
  await textOf(response)
  if (response.statusCode !== 202) throw new RuntimeRefused(response.statusCode ?? 0, path)
}
