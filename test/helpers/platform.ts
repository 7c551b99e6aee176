/** The whole platform, as `npm start` runs it, for tests that speak HTTP only. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createKappaClient, type KappaClient } from '../../src/client/client.ts'
import { type PlatformProcess, startPlatformProcess } from '../../src/demo/platform.ts'
import { layEmbedded } from './embedded-template.ts'
import { createOpenApiValidator, type OpenApiValidator } from './openapi-validator.ts'

interface TestScope {
  after(hook: () => Promise<void>): void
}

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly bytes: Buffer
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  readonly json: any
}

export interface CallOptions {
  readonly json?: unknown
  readonly body?: Uint8Array
  readonly headers?: Readonly<Record<string, string>>
  /** Null sends none; default is the administrator's. */
  readonly key?: string | null
}

export interface Platform extends PlatformProcess {
  readonly folder: string
  readonly openApi: OpenApiValidator
  /** What users call the API with; every response is held against openapi.yaml before it is read. */
  readonly client: KappaClient
  /** Sends a request and holds the response against openapi.yaml, whatever it is. */
  call(method: string, path: string, options?: CallOptions): Promise<Reply>
  /** Asks until `isDone`, at the pace of a person; fails after `withinS`. */
  waitFor(path: string, isDone: (json: Reply['json']) => boolean, withinS?: number): Promise<Reply['json']>
}

export interface StartOptions {
  /** False has the platform set up its own database, as a first start does. */
  readonly hasDatabase?: boolean
}

export async function startPlatform(
  t: TestScope,
  environment: Readonly<Record<string, string>> = {},
  { hasDatabase = true }: StartOptions = {}
): Promise<Platform> {
  const folder = await mkdtemp(join(tmpdir(), 'kappa-test-'))
  if (environment['DATABASE_URL'] === undefined && hasDatabase) await layEmbedded(join(folder, 'postgres'))
  const scratch = { KAPPA_SCRATCH: join(folder, 'scratch'), ...environment }
  const platform = await startPlatformProcess(folder, scratch)
  t.after(async () => {
    await platform.stop()
    await rm(folder, { recursive: true, force: true })
  })
  return { ...platform, folder, ...createCaller(platform) }
}

/** Calls against a platform that somebody else started. */
export function createCaller(platform: Pick<PlatformProcess, 'url' | 'adminKey'>) {
  const openApi = createOpenApiValidator()

  async function call(method: string, path: string, options: CallOptions = {}): Promise<Reply> {
    const key = options.key === undefined ? platform.adminKey : options.key
    const headers = new Headers(options.headers)
    if (key !== null) headers.set('authorization', `Bearer ${key}`)
    const init: RequestInit = { method, headers }
    if (options.json !== undefined) {
      headers.set('content-type', 'application/json')
      init.body = JSON.stringify(options.json)
    } else if (options.body) init.body = Buffer.from(options.body)
    const response = await fetch(new URL(path, platform.url), init)
    const bytes = Buffer.from(await response.arrayBuffer())
    const text = bytes.toString()
    const operation = openApi.operationOf(method, path)
    openApi.validateResponse(operation, response.status, response.headers.get('content-type'), text)
    return {
      status: response.status,
      headers: response.headers,
      bytes,
      text,
      get json() {
        return JSON.parse(text)
      }
    }
  }

  async function waitFor(
    path: string,
    isDone: (json: Reply['json']) => boolean,
    withinS = 420
  ): Promise<Reply['json']> {
    const until = performance.now() + withinS * 1000
    for (;;) {
      const { json, status, text } = await call('GET', path)
      if (status !== 200) throw new Error(`GET ${path}: ${status} ${text}`)
      if (isDone(json)) return json
      if (performance.now() > until) throw new Error(`GET ${path} is after ${withinS} s still ${text.slice(0, 2000)}`)
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }

  const client = createKappaClient({
    baseUrl: platform.url,
    key: platform.adminKey,
    fetch: (request) => fetchValidated(openApi, request)
  })

  return { openApi, client, call, waitFor }
}

async function fetchValidated(openApi: OpenApiValidator, request: Request): Promise<Response> {
  const response = await fetch(request)
  const text = await response.clone().text()
  const operation = openApi.operationOf(request.method, request.url)
  openApi.validateResponse(operation, response.status, response.headers.get('content-type'), text)
  return response
}
