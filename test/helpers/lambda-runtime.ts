/**
 * AWS Lambda's side of the runtime API, as much as a function sees of it: invocations one at a time, whole answers of 6 MB at the most,
 * streamed ones as they come. After https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html and runtimes-custom.html.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

const PREFIX = '/2018-06-01/runtime'
const MOST_BYTES = 6_291_556

export interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly isBase64Encoded: boolean | undefined
  /** When the first byte of the body came, and when it was whole; from the invocation. */
  readonly firstMs: number
  readonly wholeMs: number
  /** Of a stream that broke. */
  readonly errorType: string | undefined
}

export interface FailedInvocation {
  readonly errorType: string
  readonly errorMessage: string
}

interface Waiting {
  readonly id: string
  readonly event: object
  readonly timeoutMs: number
  begun: number
  readonly outcome: PromiseWithResolvers<Answered | FailedInvocation>
}

export interface LambdaRuntime {
  /** Of host and port. */
  readonly address: string
  invoke(event: object, options?: { readonly timeoutMs?: number }): Promise<Answered | FailedInvocation>
  /** What the process said when it could not start. */
  readonly initError: Promise<FailedInvocation>
  /** Resolves when a process asks for work. */
  readonly asked: Promise<void>
  /** Resolves when the body of an answer has begun that has not ended. */
  firstByte(): Promise<void>
  /** Of a whole answer, from now on. */
  limit(bytes: number): void
  close(): Promise<void>
}

export async function startLambdaRuntime(): Promise<LambdaRuntime> {
  const queue: Waiting[] = []
  const running = new Map<string, Waiting>()
  const idle: ServerResponse[] = []
  const initError = Promise.withResolvers<FailedInvocation>()
  const asked = Promise.withResolvers<void>()
  const begun = new Set<() => void>()
  let mostBytes = MOST_BYTES

  function hand(): void {
    while (queue.length > 0 && idle.length > 0) {
      const [one, response] = [queue.shift()!, idle.shift()!]
      running.set(one.id, one)
      one.begun = performance.now()
      response.writeHead(200, {
        'content-type': 'application/json',
        'lambda-runtime-aws-request-id': one.id,
        'lambda-runtime-deadline-ms': String(Date.now() + one.timeoutMs)
      })
      response.end(JSON.stringify(one.event))
    }
  }

  const server = createServer(async (request, response) => {
    const path = request.url?.slice(PREFIX.length) ?? ''
    if (path === '/invocation/next') {
      asked.resolve()
      idle.push(response)
      return hand()
    }
    const [, id = '', what] = /^\/invocation\/([^/]+)\/(response|error)$/.exec(path) ?? []
    const one = running.get(id)
    const say = (status: number) => response.writeHead(status, { 'content-type': 'application/json' }).end('{}')
    const [whole, firstMs] = await read(request, one?.begun ?? 0, () => {
      for (const tell of begun) tell()
      begun.clear()
    })
    if (path === '/init/error') {
      initError.resolve(JSON.parse(whole.toString()))
      return say(202)
    }
    if (one === undefined) return say(400)
    const isStream = request.headers['lambda-runtime-function-response-mode'] === 'streaming'
    if (what === 'response' && !isStream && whole.length > mostBytes) return say(413)
    running.delete(id)
    const wholeMs = performance.now() - one.begun
    if (what === 'error') one.outcome.resolve(JSON.parse(whole.toString()))
    else if (isStream) one.outcome.resolve({ ...ofStream(whole, request), firstMs, wholeMs })
    else one.outcome.resolve({ ...ofWhole(whole), firstMs, wholeMs })
    say(202)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    initError: initError.promise,
    asked: asked.promise,
    firstByte: () => new Promise((resolve) => begun.add(resolve)),
    limit(bytes) {
      mostBytes = bytes
    },
    invoke(event, { timeoutMs = 30_000 } = {}) {
      const outcome = Promise.withResolvers<Answered | FailedInvocation>()
      queue.push({ id: randomUUID(), event, timeoutMs, begun: 0, outcome })
      hand()
      return outcome.promise
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    }
  }
}

async function read(request: IncomingMessage, begun: number, onBegun: () => void): Promise<[Buffer, number]> {
  const chunks: Buffer[] = []
  let firstMs = Number.NaN
  let bytes = 0
  for await (const chunk of request) {
    chunks.push(chunk)
    bytes += chunk.length
    // The first piece is the prelude, which tells nothing of when a body began.
    if (!Number.isNaN(firstMs) || chunks.length < 2) continue
    firstMs = performance.now() - begun
    onBegun()
  }
  if (Number.isNaN(firstMs)) firstMs = performance.now() - begun
  return [Buffer.concat(chunks, bytes), firstMs]
}

function ofWhole(bytes: Buffer): Omit<Answered, 'firstMs' | 'wholeMs'> {
  const { statusCode, headers = {}, body = '', isBase64Encoded } = JSON.parse(bytes.toString())
  const encoding = isBase64Encoded ? 'base64' : 'utf8'
  return { status: statusCode, headers, body: Buffer.from(body, encoding), isBase64Encoded, errorType: undefined }
}

function ofStream(bytes: Buffer, { headers, trailers }: IncomingMessage): Omit<Answered, 'firstMs' | 'wholeMs'> {
  if (headers['content-type'] !== 'application/vnd.awslambda.http-integration-response')
    throw new Error('a stream without a prelude is no answer to HTTP')
  const end = bytes.indexOf(Buffer.alloc(8))
  const { statusCode, headers: sent = {} } = JSON.parse(bytes.subarray(0, end).toString())
  const body = bytes.subarray(end + 8)
  const errorType = trailers['lambda-runtime-function-error-type']
  return { status: statusCode, headers: sent, body, isBase64Encoded: undefined, errorType }
}

export interface FunctionProcess {
  readonly child: ChildProcess
  readonly output: () => string
  stop(): Promise<void>
}

/** @param file what `bootstrap` runs */
export function startFunction(
  file: string,
  runtime: LambdaRuntime,
  env: Readonly<Record<string, string>>
): FunctionProcess {
  const child = spawn(process.execPath, [file], {
    env: { PATH: process.env['PATH'] ?? '', AWS_LAMBDA_RUNTIME_API: runtime.address, ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk).slice(-20_000)
    })
  return {
    child,
    output: () => output,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    }
  }
}

/** Of a function URL, payload 2.0. */
export function httpEvent(
  method: string,
  url: string,
  options: { readonly headers?: object; readonly body?: string } = {}
) {
  const [rawPath = '', rawQueryString = ''] = url.split('?', 2)
  const { headers = {}, body } = options
  const query = Object.fromEntries(new URLSearchParams(rawQueryString))
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath,
    rawQueryString,
    headers: { host: 'id.lambda-url.eu-central-1.on.aws', 'x-forwarded-for': '203.0.113.7', ...headers },
    ...(rawQueryString !== '' && { queryStringParameters: query }),
    requestContext: {
      accountId: 'anonymous',
      requestId: randomUUID(),
      stage: '$default',
      http: { method, path: rawPath, protocol: 'HTTP/1.1', sourceIp: '203.0.113.7', userAgent: 'test' }
    },
    ...(body !== undefined && { body }),
    isBase64Encoded: false
  }
}
