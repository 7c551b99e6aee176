/** The HTTP API over a real database and a real folder of objects; inference, time and the queue are stand-ins. */
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../../src/base/clock.ts'
import { AppError } from '../../src/base/errors.ts'
import { newId } from '../../src/base/ids.ts'
import { silentLogger } from '../../src/base/log.ts'
import type { Tracing } from '../../src/base/tracing.ts'
import { composeServices } from '../../src/composition/services.ts'
import { UNTRACED } from '../../src/composition/tracing.ts'
import type { Principal, Scope } from '../../src/domain/access.ts'
import type { Inference, ObjectStore, SignedObjects, TransactionalQueue } from '../../src/domain/ports.ts'
import type { EventNotices, ReachOf, Stores, UnitOfWork } from '../../src/domain/stores.ts'
import { type AppOptions, createApp } from '../../src/http/app.ts'
import type { App } from '../../src/http/server.ts'
import type { TokenRules } from '../../src/services/access/bearer-tokens.ts'
import { createDriftRecorder, type DriftRecorder } from '../../src/services/drift/recorder.ts'
import { createRemovalService } from '../../src/services/removals/removals.ts'
import { withoutRemoved } from '../../src/services/removals/signed-objects.ts'
import type { Services } from '../../src/services/services.ts'
import { createWebhookPost } from '../../src/services/webhooks/post.ts'
import { createSecretSeal } from '../../src/services/webhooks/seal.ts'
import { createFolderStore } from '../../src/storage/objects/folder-store.ts'
import { createDatabase, type Database } from '../../src/storage/postgres/client.ts'
import { createReachOf, createStores, createUnitOfWork } from '../../src/storage/postgres/unit-of-work.ts'
import { fakeClock } from './fake-clock.ts'
import { createOpenApiValidator } from './openapi-validator.ts'
import { createTestDatabase } from './postgres.ts'

export interface EnqueuedJob {
  readonly kind: string
  readonly payload: object
  readonly key: string
}

export interface CallOptions {
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Null sends none; default is the administrator's. */
  readonly key?: string | null
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly text: string
  readonly bytes: Buffer
  /** The body as JSON; throws when it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  readonly json: any
}

export interface TestApp {
  readonly app: App
  readonly services: Services
  readonly stores: Stores
  /** What requests of a project have of the stores: the same objects as long as the app is there. */
  readonly reachOf: ReachOf
  readonly unitOfWork: UnitOfWork
  readonly database: Database
  readonly objects: ObjectStore
  /** Of the folder store: `objects`, `uploads` and `temporary` are in it. */
  readonly objectsRoot: string
  readonly jobs: EnqueuedJob[]
  /** Writes nothing by itself. */
  readonly driftRecorder: DriftRecorder
  readonly adminKey: string
  readonly projectId: string
  /** A key of another project, or with other scopes. */
  issueKey(options: {
    readonly project?: string
    readonly scopes?: readonly Scope[]
  }): Promise<{ key: string; projectId: string }>
  /** What a worker does for objects of what was deleted. */
  sweep(): Promise<void>
  /** Injects a request and validates its response against openapi.yaml. */
  call(method: string, url: string, options?: CallOptions): Promise<Answer>
}

export interface TestAppOptions {
  readonly clock?: Clock
  readonly inference?: Inference
  /** Closed with the app. Default: none, so that streams poll. */
  readonly notices?: (databaseUrl: string) => EventNotices
  /** Instead of a folder; signs its own URLs. */
  readonly objects?: ObjectStore
  /** Instead of one of its own. */
  readonly databaseUrl?: string
  /** Between the services and the database, for faults. */
  readonly unitOfWork?: (real: UnitOfWork) => UnitOfWork
  readonly app?: Partial<AppOptions>
  /** Default: nothing is recorded. */
  readonly tracing?: Tracing
  readonly oidc?: TokenRules
  /** Default: true. */
  readonly showImages?: boolean
  /** Where webhooks may go besides the public internet. */
  readonly webhookNetworks?: readonly string[]
  /** Default: secrets of webhooks are kept as they are. */
  readonly secretKey?: string
}

interface TestScope {
  after(hook: () => Promise<void>): void
}

/** Who makes keys for tests. */
export const anAdminOf = (projectId: string): Principal => ({
  projectId,
  actor: 'key_of_the_tests',
  by: 'key',
  scopes: ['instance:admin'],
  expiresAt: null
})

export const LIMITS = {
  bodyBytes: 4 * 1024 * 1024,
  bodiesBytes: 16 * 1024 * 1024,
  imageBytes: 256 * 1024,
  imagesPerRequest: 8,
  fileBytes: 8 * 1024 * 1024,
  uploadBytes: 64 * 1024 * 1024
}

const TIMINGS = { decodeMs: 1, queueMs: 2, inferMs: 3, encodeMs: 0.5 }

/** Of an image, whatever it is. */
export const FAKE_PIXELS = 784

/** Vectors that depend on the bytes alone. */
export const fakeInference: Inference = {
  async embed(model, images, options) {
    const { dimensions = model.config?.embeddingDim ?? 0, output, precision, imageSize = 28, caller } = options
    await caller.spend(images.length * FAKE_PIXELS)
    const from = (output === 'bottleneck' ? 8 : 0) + (precision === 'int8' ? 16 : 0)
    const length = output === 'patches' ? (imageSize / 4) ** 2 * dimensions : dimensions
    const embeddings = images.map((image) => {
      const digest = createHash('sha256').update(image).digest()
      return Float32Array.from({ length }, (_, i) => digest[(i + from) % 32]! / 255)
    })
    return { embeddings, timings: TIMINGS }
  },
  warm: async () => {},
  async assign(_, images, { topK, temperature = 0.04, caller }) {
    await caller.spend(images.length * FAKE_PIXELS)
    const one = (prototype: number) => ({
      prototype,
      probability: 1 / (prototype + 2),
      cosine: 0.9,
      kappa: 1 / temperature
    })
    const results = images.map(() => ({
      assignments: Array.from({ length: topK }, (_, i) => one(i)),
      entropy: 1.5,
      effectiveClusters: Math.exp(1.5),
      logDensity: 30.25,
      densityPercentile: null
    }))
    return { results, timings: TIMINGS }
  },
  async map(_, image, { asked, imageSize, caller }) {
    await caller.spend(FAKE_PIXELS)
    const side = imageSize / 4
    const digest = createHash('sha256').update(image).digest()
    const heads = asked.kind === 'heat' ? [] : asked.head === undefined ? [0, 1] : [asked.head]
    if (heads.some((head) => head > 1)) throw new AppError('invalid_request', { message: 'The model has 2 heads.' })
    const one = (n: number) => Float32Array.from({ length: side ** 2 }, (_, i) => digest[(i + n) % 32]! / 2 ** 16)
    const found = asked.kind === 'heat' ? { prototype: asked.prototype ?? 5, cosine: 0.5, probability: 0.25 } : null
    const result = {
      side,
      maps: found ? [one(found.prototype)] : heads.map(one),
      heads,
      elsewhere: heads.map(() => 0.5),
      image: found,
      range: [0, 0.25] as const,
      png: asked.draw === undefined ? null : Buffer.from(`png:${imageSize} ${JSON.stringify(asked)}`)
    }
    return { result, timings: TIMINGS }
  },
  async picture({ bytes, width, height }, { size, caller }) {
    await caller.spend(width * height)
    return Buffer.concat([Buffer.from(`${size ?? 'whole'}:`), bytes])
  }
}

const validator = createOpenApiValidator()

async function inject(
  app: App,
  method: string,
  url: string,
  options: CallOptions & { key: string | null }
): Promise<Answer> {
  const { body, headers = {}, key } = options
  const isJson = body !== undefined && !(body instanceof Uint8Array) && typeof body !== 'string'
  const response = await app.inject({
    method: method as 'GET', // inject takes any method's name
    url,
    headers: {
      ...(key !== null && { authorization: `Bearer ${key}` }),
      ...(isJson && { 'content-type': 'application/json' }),
      ...headers
    },
    ...(body !== undefined && { payload: isJson ? JSON.stringify(body) : (body as string | Buffer) })
  })
  const type = response.headers['content-type']
  const operation = validator.operationOf(method, url)
  validator.validateResponse(operation, response.statusCode, typeof type === 'string' ? type : null, response.payload)
  validator.validateHeaders(operation, response.statusCode, response.headers)
  return {
    status: response.statusCode,
    headers: response.headers as Answer['headers'],
    text: response.payload,
    bytes: response.rawPayload,
    get json() {
      return response.json()
    }
  }
}

/** Closes itself with the scope. */
export async function createTestApp(scope: TestScope, options: TestAppOptions = {}): Promise<TestApp> {
  const { clock = fakeClock(), inference = fakeInference } = options
  const root = await mkdtemp(join(tmpdir(), 'kappa-http-'))
  const drops: (() => Promise<void>)[] = []
  const url = options.databaseUrl ?? (await createTestDatabase({ after: (drop) => void drops.push(drop) }))
  const database = createDatabase({ url, max: 4, statementTimeoutMs: 10_000, logger: silentLogger })
  const jobs: EnqueuedJob[] = []
  const queue: TransactionalQueue = {
    through: () => ({
      enqueue: async (kind, payload, { key }) => void jobs.push({ kind, payload, key }),
      dequeue: async (kind, key) => {
        const at = jobs.findIndex((job) => job.kind === kind && job.key === key)
        if (at >= 0) jobs.splice(at, 1)
      },
      withJob: async (keys) => keys.filter((one) => jobs.some(({ key }) => key === one))
    })
  }
  const stores = createStores(database, queue)
  const signedObjects: (ObjectStore & SignedObjects) | null = options.objects
    ? null
    : createFolderStore({ root, signingKey: 'a signing key of the tests', baseUrl: '', clock })
  const objects = options.objects ?? signedObjects!
  // Ids sort by time; under a clock that stands still they must not be drawn by lot.
  let issued = 0
  const { unitOfWork: through = (real: UnitOfWork) => real } = options
  const boundTo = createReachOf(database, queue)
  const reachOf: ReachOf = (projectId) => {
    const reach = boundTo(projectId)
    return { ...reach, unitOfWork: through(reach.unitOfWork) }
  }
  const deps = {
    stores,
    reachOf,
    unitOfWork: through(createUnitOfWork(database, queue)),
    objects,
    clock,
    newId: (kind: Parameters<typeof newId>[0]) => newId(kind, clock.now() + issued++),
    logger: silentLogger,
    tracing: options.tracing ?? UNTRACED,
    limits: LIMITS
  }
  const notices = options.notices?.(url) ?? null
  const driftRecorder = createDriftRecorder(deps)
  const services = composeServices({
    ...deps,
    driftRecorder,
    inference,
    notices,
    showImages: options.showImages ?? true,
    allowedImageHosts: ['images.example'],
    fetchTimeoutMs: 1000,
    webhookPost: createWebhookPost({ networks: options.webhookNetworks ?? [], timeoutMs: 2000 }),
    webhookSeal: createSecretSeal(options.secretKey ?? null),
    oidc: options.oidc ?? null
  })
  const app = await createApp({
    services,
    clock,
    logger: silentLogger,
    tracing: deps.tracing,
    limits: LIMITS,
    rateLimitPerMinute: null,
    streamLimits: { perKey: 20, perProcess: 100 },
    trustedProxies: null,
    checks: { database: () => database.check(), objects: () => objects.check() },
    signedObjects: signedObjects && withoutRemoved(signedObjects, stores.removals),
    dashboardFolder: null,
    ...options.app
  })
  // Hooks run in the order of registration: a drop of its own would wait a second for connections that are closed after it.
  scope.after(async () => {
    await app.close()
    await notices?.close()
    await database.close()
    for (const drop of drops) await drop()
    await rm(root, { recursive: true, force: true })
  })

  const issueKey: TestApp['issueKey'] = async ({ project = 'default', scopes = ['admin'] }) => {
    const { id: projectId } = await stores.keys.ensureProject(project)
    const { token } = await services.keys.create(anAdminOf(projectId), { name: 'test', scopes, expiresAt: null })
    return { key: token, projectId }
  }
  const admin = await issueKey({ scopes: ['admin', 'instance:admin'] })
  return {
    app,
    services,
    stores,
    reachOf,
    unitOfWork: deps.unitOfWork,
    database,
    objects,
    objectsRoot: root,
    jobs,
    driftRecorder,
    adminKey: admin.key,
    projectId: admin.projectId,
    issueKey,
    sweep: () => createRemovalService(deps).sweep(new AbortController().signal),
    call: (method, target, { key = admin.key, ...rest } = {}) => inject(app, method, target, { key, ...rest })
  }
}
