/**
 * The environment, read once into one frozen object. Every problem is reported together, at start; nothing else reads
 * Kappa's part of `process.env`. Names and units: .env.example.
 */
import { createHash, randomBytes } from 'node:crypto'
import { isIP } from 'node:net'
import { availableParallelism, hostname, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { EngineChoice } from '../engine/choose-engine.ts'
import { ENGINE_NAMES, PRECISIONS } from '../engine/engine.ts'
import { SERVING_ENGINES, type ServingChoice } from '../engine/serving-choice.ts'
import type { TokenRules } from '../services/access/bearer-tokens.ts'
import { PROTOCOLS, SAMPLERS, type TraceSettings } from '../tracing/settings.ts'
import { createReader, type Environment, type Reader } from './environment-reader.ts'
import { readLaunching, readOwnLeg } from './launch-config.ts'

export interface S3Config {
  readonly bucket: string
  readonly endpoint: string | null
  readonly region: string
  readonly forcePathStyle: boolean
}

export type Config = Readonly<ReturnType<typeof readAll>>

const MEBIBYTE = 1024 * 1024
const MEGAPIXEL = 1_000_000

function readS3(read: Reader): S3Config | null {
  const bucket = read.optional('S3_BUCKET')
  const endpoint = read.url('S3_ENDPOINT', ['http:', 'https:'])
  if (!bucket) {
    if (endpoint) read.problems.push('S3_ENDPOINT is set but S3_BUCKET is not')
    return null
  }
  const region = read.text('S3_REGION', read.text('AWS_REGION', 'us-east-1'))
  return { bucket, endpoint, region, forcePathStyle: read.boolean('S3_FORCE_PATH_STYLE', endpoint !== null) }
}

function readAdminKey(read: Reader): string | null {
  const key = read.optional('KAPPA_ADMIN_KEY')
  if (key && !/^kappa_[0-9a-z_]{1,60}_[A-Za-z0-9-]{20,200}$/.test(key)) {
    read.problems.push(
      'KAPPA_ADMIN_KEY must look like kappa_<id>_<secret>: id of 0-9 a-z, secret of 20 characters or more'
    )
  }
  return key
}

const LEAST_SECRET_KEY = 32

/** Encrypts what must be read again. Its length is all that can be asked of it. */
function readSecretKey(read: Reader): string | null {
  const key = read.optional('KAPPA_SECRET_KEY')
  if (key !== null && key.length < LEAST_SECRET_KEY)
    read.problems.push(`KAPPA_SECRET_KEY must have ${LEAST_SECRET_KEY} characters or more: openssl rand -base64 32`)
  return key
}

/** Whose tokens are taken beside keys; null: nobody's. */
function readOidc(read: Reader): TokenRules | null {
  const [issuer, audience] = [read.url('KAPPA_OIDC_ISSUER', ['https:', 'http:']), read.optional('KAPPA_OIDC_AUDIENCE')]
  const projectClaim = read.text('KAPPA_OIDC_PROJECT_CLAIM', 'kappa_project')
  const scopesClaim = read.text('KAPPA_OIDC_SCOPES_CLAIM', 'scope')
  if (issuer === null && audience === null) return null
  if (issuer === null || audience === null) {
    read.problems.push('KAPPA_OIDC_ISSUER and KAPPA_OIDC_AUDIENCE are set together or not at all')
    return null
  }
  const { protocol, hostname } = URL.parse(issuer) ?? {}
  if (protocol === 'http:' && !['localhost', '127.0.0.1', '[::1]'].includes(hostname ?? ''))
    read.problems.push('KAPPA_OIDC_ISSUER must start with https://, unless it is on this machine')
  return { issuer, audience, projectClaim, scopesClaim }
}

/** Names of ranges that Fastify knows. */
const ADDRESS_RANGES = ['loopback', 'linklocal', 'uniquelocal']

function isAddressRange(text: string): boolean {
  if (ADDRESS_RANGES.includes(text)) return true
  const [address = '', bits, ...more] = text.split('/')
  const version = isIP(address)
  if (version === 0 || more.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128))
}

/** Private addresses that webhooks may go to. */
function readNetworks(read: Reader): readonly string[] {
  const items = read.list('KAPPA_WEBHOOK_NETWORKS')
  const wrong = items.filter((one) => ADDRESS_RANGES.includes(one) || !isAddressRange(one))
  if (wrong.length === 0) return items
  read.problems.push(
    `KAPPA_WEBHOOK_NETWORKS must be addresses and ranges such as 10.0.0.0/8, not ${JSON.stringify(wrong.join(','))}`
  )
  return []
}

/** A number of proxies, or their addresses; null: none is trusted. */
function readTrustedProxies(read: Reader): number | readonly string[] | null {
  const items = read.list('KAPPA_TRUST_PROXY')
  if (items.length === 0) return null
  const hops = items.length === 1 && /^\d{1,2}$/.test(items[0] ?? '') ? Number(items[0]) : null
  if (hops !== null && hops <= 16) return hops === 0 ? null : hops
  if (items.every(isAddressRange)) return items
  read.problems.push(
    `KAPPA_TRUST_PROXY must be a number of proxies up to 16, or addresses and ranges such as 10.0.0.0/8, not ${JSON.stringify(items.join(','))}`
  )
  return null
}

function readEngine(read: Reader): EngineChoice {
  read.gone('KAPPA_DEVICE', 'onnx computes on the CPU, and KAPPA_ENGINE=xla on a GPU (docs/engines.md)')
  const plugin = read.optional('KAPPA_PJRT_PLUGIN')
  return {
    name: read.oneOf('KAPPA_ENGINE', ['auto', ...ENGINE_NAMES], 'auto'),
    precision: read.oneOf('KAPPA_PRECISION', ['auto', ...PRECISIONS], 'auto'),
    plugin: plugin === null ? null : resolve(plugin),
    memoryFraction: read.fraction('KAPPA_DEVICE_MEMORY_FRACTION', [0.05, 0.99]),
    programsFolder: join(readCacheDir(read), 'programs')
  }
}

/** The plugin, its memory and its compiled programs are those of training. */
function readServing(read: Reader, { plugin, memoryFraction, programsFolder }: EngineChoice): ServingChoice {
  return {
    name: read.oneOf('KAPPA_INFERENCE_ENGINE', SERVING_ENGINES, 'onnx'),
    precision: read.oneOf('KAPPA_INFERENCE_PRECISION', PRECISIONS, 'float32'),
    plugin,
    memoryFraction,
    programsFolder
  }
}

const readScratchDir = (read: Reader): string => resolve(read.text('KAPPA_SCRATCH', join(tmpdir(), 'kappa')))
const readDataDir = (read: Reader): string => resolve(read.text('KAPPA_DATA', 'data'))
const readCacheDir = (read: Reader): string => resolve(read.text('KAPPA_CACHE', join(readDataDir(read), 'cache')))

const NODE = /^[A-Za-z0-9._:-]{1,100}$/

/**
 * What failures are charged to: the same after a restart, another one for each machine, and for each worker of a machine that
 * has a scratch folder of its own.
 */
function readNode(read: Reader): string {
  const scratch = createHash('sha256').update(readScratchDir(read)).digest('hex').slice(0, 4)
  const node = read.text(
    'KAPPA_WORKER_NODE',
    `${
      hostname()
        .replaceAll(/[^A-Za-z0-9._-]/g, '-')
        .slice(0, 90) || 'node'
    }:${scratch}`
  )
  if (!NODE.test(node)) read.problems.push('KAPPA_WORKER_NODE must be 1 to 100 characters of A-Z a-z 0-9 . _ : -')
  return node
}

/** As OpenTelemetry's specification has it: without a collector nothing is recorded. What is not read here, the SDK reads itself. */
function readTracing(read: Reader): TraceSettings {
  const base = read.url('OTEL_EXPORTER_OTLP_ENDPOINT', ['http:', 'https:'])
  const ofTraces = read.url('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', ['http:', 'https:'])
  const isDisabled = read.boolean('OTEL_SDK_DISABLED', false)
  const protocol = read.oneOf('OTEL_EXPORTER_OTLP_PROTOCOL', PROTOCOLS, 'http/protobuf')
  return {
    url: isDisabled ? null : (ofTraces ?? (base && `${base.replace(/\/$/, '')}/v1/traces`)),
    protocol: read.oneOf('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', PROTOCOLS, protocol),
    sampler: read.oneOf('OTEL_TRACES_SAMPLER', SAMPLERS, 'parentbased_always_on'),
    samplerRatio: read.fraction('OTEL_TRACES_SAMPLER_ARG', [0, 1]) ?? 1,
    trustsCallers: read.boolean('KAPPA_TRUST_TRACEPARENT', false)
  }
}

function readAll(read: Reader) {
  const cores = availableParallelism()
  const host = read.text('HOST', '127.0.0.1')
  const port = read.integer('PORT', 8080, [0, 65_535])
  const engine = readEngine(read)
  return {
    host,
    port,
    publicUrl: read.url('KAPPA_PUBLIC_URL', ['http:', 'https:']) ?? `http://${host}:${port}`,
    databaseUrl: read.url('DATABASE_URL', ['postgres:', 'postgresql:']),
    databasePool: read.integer('KAPPA_DATABASE_POOL', 5, [1, 100]),
    dataDir: readDataDir(read),
    cacheDir: readCacheDir(read),
    scratchDir: readScratchDir(read),
    s3: readS3(read),
    adminKey: readAdminKey(read),
    secretKey: readSecretKey(read),
    oidc: readOidc(read),
    /** Signs the URLs of the embedded object store. A random one lasts as long as the process. */
    signingKey: read.text('KAPPA_SIGNING_KEY', randomBytes(32).toString('hex')),
    /** Trainers read it for themselves, from the environment that they inherit. */
    engine,
    /** Inference processes likewise. */
    serving: readServing(read, engine),
    removalDelayS: read.integer('KAPPA_REMOVAL_DELAY_S', 0, [0, 90 * 86_400]),
    collect: read.oneOf('KAPPA_COLLECT', ['report', 'remove', 'off'], 'report'),
    tracing: readTracing(read),
    /** Null: every point is kept for ever. */
    metricsDays:
      read.optional('KAPPA_METRICS_DAYS') === null ? null : read.integer('KAPPA_METRICS_DAYS', 0, [0, 36_500]),
    logLevel: read.oneOf('LOG_LEVEL', ['debug', 'info', 'warn', 'error', 'silent'], 'info'),
    showImages: read.boolean('KAPPA_SHOW_IMAGES', true),
    allowedImageHosts: read.list('KAPPA_IMAGE_HOSTS'),
    webhooks: { networks: readNetworks(read), keptDays: read.integer('KAPPA_WEBHOOK_DAYS', 30, [1, 3650]) },
    trustedProxies: readTrustedProxies(read),
    streamLimits: {
      perKey: read.integer('KAPPA_STREAMS_PER_KEY', 20, [1, 100_000]),
      perProcess: read.integer('KAPPA_STREAMS', 1000, [1, 100_000])
    },
    lambdaResponses: read.oneOf('KAPPA_LAMBDA_RESPONSES', ['buffered', 'streamed'], 'buffered'),
    rateLimitPerMinute: read.integer('KAPPA_RATE_LIMIT_PER_MINUTE', 6000, [1, 1_000_000]),
    limits: {
      bodyBytes: read.integer('KAPPA_BODY_MIB', 64, [1, 1024]) * MEBIBYTE,
      bodiesBytes: read.integer('KAPPA_BODIES_MIB', 256, [1, 65_536]) * MEBIBYTE,
      imageBytes: read.integer('KAPPA_IMAGE_MIB', 32, [1, 512]) * MEBIBYTE,
      imagePixels: read.integer('KAPPA_IMAGE_MEGAPIXELS', 100, [1, 1000]) * MEGAPIXEL,
      requestPixels: read.integer('KAPPA_REQUEST_MEGAPIXELS', 400, [1, 100_000]) * MEGAPIXEL,
      imagesPerRequest: read.integer('KAPPA_IMAGES_PER_REQUEST', 256, [1, 2048]),
      fileBytes: read.integer('KAPPA_FILE_MIB', 2048, [1, 1_000_000]) * MEBIBYTE,
      uploadBytes: read.integer('KAPPA_UPLOAD_GIB', 200, [1, 5000]) * 1024 * MEBIBYTE,
      archiveBytes: read.integer('KAPPA_ARCHIVE_GIB', 500, [1, 50_000]) * 1024 * MEBIBYTE,
      archiveEntries: read.integer('KAPPA_ARCHIVE_ENTRIES', 20_000_000, [1, 1_000_000_000])
    },
    worker: {
      node: readNode(read),
      host: read.text('KAPPA_WORKER_HOST', '127.0.0.1'),
      /** Null: no listener. */
      port: read.optional('KAPPA_WORKER_PORT') === null ? null : read.integer('KAPPA_WORKER_PORT', 0, [0, 65_535]),
      concurrency: read.integer('KAPPA_WORKER_RUNS', 1, [0, 64]),
      ingests: read.integer('KAPPA_WORKER_INGESTS', 2, [1, 64]),
      exports: read.integer('KAPPA_WORKER_EXPORTS', 2, [1, 64]),
      legMaxS: read.integer('KAPPA_LEG_MAX_S', 12 * 3600, [10, 23 * 3600]),
      leaseS: read.integer('KAPPA_LEASE_S', 30, [3, 600]),
      /** Threads that cut crops for one run. */
      loaders: read.integer('KAPPA_LOADERS', Math.max(1, Math.min(8, cores - 1)), [0, 64]),
      /** 0 lets the engine take every core. */
      threads: read.integer('KAPPA_TRAINER_THREADS', 0, [0, 256]),
      graphBytes: read.integer('KAPPA_GRAPH_MEMORY_MIB', 1024, [1, 1_000_000]) * MEBIBYTE,
      cacheBytes: read.integer('KAPPA_CACHE_GIB', 100, [1, 100_000]) * 1024 * MEBIBYTE,
      leg: readOwnLeg(read)
    },
    launching: readLaunching(read),
    inference: {
      processes: read.integer('KAPPA_INFERENCE_PROCESSES', 1, [1, 64]),
      threads: read.integer('KAPPA_INFERENCE_THREADS', cores, [1, 256]),
      /** Beyond four of a model they win little, and each holds its weights. */
      sessions: read.integer('KAPPA_INFERENCE_SESSIONS', Math.min(4, cores), [1, 256]),
      maxBatch: read.integer('KAPPA_MAX_BATCH', 64, [1, 1024]),
      maxQueueDelayMs: read.integer('KAPPA_MAX_QUEUE_DELAY_MS', 0, [0, 10_000]),
      maxQueueSize: read.integer('KAPPA_MAX_QUEUE_SIZE', 2048, [1, 1_000_000]),
      maxQueuePixels: read.integer('KAPPA_QUEUE_MEGAPIXELS', 3200, [1, 1_000_000]) * MEGAPIXEL,
      maxDecodingPixels: read.integer('KAPPA_DECODE_MEGAPIXELS', 100, [1, 100_000]) * MEGAPIXEL,
      requestTimeoutMs: read.integer('KAPPA_REQUEST_TIMEOUT_MS', 60_000, [100, 3_600_000]),
      modelCacheBytes: read.integer('KAPPA_MODEL_CACHE_MIB', 4096, [16, 1_000_000]) * MEBIBYTE
    }
  } as const
}

function freeze<T>(value: T): T {
  if (value !== null && typeof value === 'object') Object.values(value).forEach(freeze)
  return Object.freeze(value)
}

/** Says every problem, each in a line that begins with its variable. Secrets are never part of it. */
export class InvalidEnvironment extends Error {
  override readonly name = 'InvalidEnvironment'

  constructor([first, ...others]: readonly string[]) {
    const lines = [first, ...others].join('\n  ')
    super(`The environment is not valid:${others.length === 0 ? ' ' : '\n  '}${lines}`)
  }
}

/** @throws InvalidEnvironment */
export const readConfig = (env: Environment): Config => freeze(checked(env, readAll))

/** What a trainer needs to know, which may have no platform around it. @throws InvalidEnvironment */
export const readEngineChoice = (env: Environment): EngineChoice => checked(env, readEngine)

/** What an inference process and `kappa embed` need to know. @throws InvalidEnvironment */
export const readServingChoice = (env: Environment): ServingChoice =>
  checked(env, (read) => readServing(read, readEngine(read)))

function checked<T>(env: Environment, readPart: (read: Reader) => T): T {
  const read = createReader(env)
  const value = readPart(read)
  if (read.problems.length > 0) throw new InvalidEnvironment(read.problems)
  return value
}
