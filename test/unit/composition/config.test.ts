import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, it } from 'node:test'
import { readConfig, readEngineChoice, readServingChoice } from '../../../src/composition/config.ts'

/** Variables of .env.example and what is behind their equals signs. */
const documented = (): [name: string, value: string][] =>
  [
    ...readFileSync(resolve(import.meta.dirname, '../../../.env.example'), 'utf8').matchAll(/^([A-Z0-9_]+)=(.*)$/gm)
  ].map(([, name, value]) => [name!, value!.trim()])

describe('the configuration', () => {
  it('needs nothing from the environment', () => {
    const config = readConfig({})
    assert.equal(config.port, 8080)
    assert.equal(config.databaseUrl, null)
    assert.equal(config.s3, null)
    assert.equal(config.publicUrl, 'http://127.0.0.1:8080')
  })

  it('reports every problem at once, each with its variable', () => {
    const wrong = {
      PORT: 'eighty',
      LOG_LEVEL: 'loud',
      DATABASE_URL: 'mysql://x',
      S3_ENDPOINT: 'http://s3',
      KAPPA_LEASE_S: '1',
      KAPPA_ENGINE: 'gpu'
    }
    assert.throws(
      () => readConfig(wrong),
      (error: Error) => {
        for (const name of Object.keys(wrong)) assert.match(error.message, new RegExp(`^ {2}${name} `, 'm'))
        return true
      }
    )
  })

  it('takes an issuer with its audience or none, and by http only on this machine', () => {
    const issuer = { KAPPA_OIDC_ISSUER: 'https://id.example/', KAPPA_OIDC_AUDIENCE: 'kappa' }
    const claims = { projectClaim: 'kappa_project', scopesClaim: 'scope' }
    assert.equal(readConfig({}).oidc, null)
    assert.deepEqual(readConfig(issuer).oidc, { issuer: 'https://id.example/', audience: 'kappa', ...claims })
    const named = { ...issuer, KAPPA_OIDC_PROJECT_CLAIM: 'https://x/project', KAPPA_OIDC_SCOPES_CLAIM: 'scp' }
    assert.equal(readConfig(named).oidc?.projectClaim, 'https://x/project')
    assert.equal(readConfig(named).oidc?.scopesClaim, 'scp')
    assert.equal(readConfig({ ...issuer, KAPPA_OIDC_ISSUER: 'http://127.0.0.1:9' }).oidc?.issuer, 'http://127.0.0.1:9')
    assert.throws(() => readConfig({ ...issuer, KAPPA_OIDC_ISSUER: 'http://id.example' }), /must start with https/)
    assert.throws(() => readConfig({ ...issuer, KAPPA_OIDC_ISSUER: 'id.example' }), /KAPPA_OIDC_ISSUER must be a URL/)
    for (const name of Object.keys(issuer)) assert.throws(() => readConfig({ ...issuer, [name]: '' }), /set together/)
  })

  it('takes every number in the unit that its name says, between its bounds', () => {
    const MIB = 1_048_576
    const GIB = 1_073_741_824
    type Read = (config: ReturnType<typeof readConfig>) => number
    /** Variable, what one of its units is, lowest, highest, where it is read. */
    const numbers: readonly (readonly [string, number, number, number, Read])[] = [
      ['PORT', 1, 0, 65_535, ({ port }) => port],
      ['KAPPA_DATABASE_POOL', 1, 1, 100, ({ databasePool }) => databasePool],
      ['KAPPA_RATE_LIMIT_PER_MINUTE', 1, 1, 1_000_000, ({ rateLimitPerMinute }) => rateLimitPerMinute],
      ['KAPPA_STREAMS_PER_KEY', 1, 1, 100_000, ({ streamLimits }) => streamLimits.perKey],
      ['KAPPA_STREAMS', 1, 1, 100_000, ({ streamLimits }) => streamLimits.perProcess],
      ['KAPPA_REMOVAL_DELAY_S', 1, 0, 7_776_000, ({ removalDelayS }) => removalDelayS],
      ['KAPPA_METRICS_DAYS', 1, 0, 36_500, ({ metricsDays }) => metricsDays ?? Number.NaN],
      ['KAPPA_WEBHOOK_DAYS', 1, 1, 3650, ({ webhooks }) => webhooks.keptDays],
      ['KAPPA_BODIES_MIB', MIB, 1, 65_536, ({ limits }) => limits.bodiesBytes],
      ['KAPPA_REQUEST_MEGAPIXELS', 1_000_000, 1, 100_000, ({ limits }) => limits.requestPixels],
      ['KAPPA_BODY_MIB', MIB, 1, 1024, ({ limits }) => limits.bodyBytes],
      ['KAPPA_IMAGE_MIB', MIB, 1, 512, ({ limits }) => limits.imageBytes],
      ['KAPPA_IMAGE_MEGAPIXELS', 1_000_000, 1, 1000, ({ limits }) => limits.imagePixels],
      ['KAPPA_IMAGES_PER_REQUEST', 1, 1, 2048, ({ limits }) => limits.imagesPerRequest],
      ['KAPPA_FILE_MIB', MIB, 1, 1_000_000, ({ limits }) => limits.fileBytes],
      ['KAPPA_UPLOAD_GIB', GIB, 1, 5000, ({ limits }) => limits.uploadBytes],
      ['KAPPA_ARCHIVE_GIB', GIB, 1, 50_000, ({ limits }) => limits.archiveBytes],
      ['KAPPA_ARCHIVE_ENTRIES', 1, 1, 1_000_000_000, ({ limits }) => limits.archiveEntries],
      ['KAPPA_WORKER_RUNS', 1, 0, 64, ({ worker }) => worker.concurrency],
      ['KAPPA_LAUNCH_MAX', 1, 1, 10_000, ({ launching }) => launching.max],
      ['KAPPA_LAUNCH_DEVICES', 1, 1, 64, ({ launching }) => launching.devices],
      ['KAPPA_RAY_CPUS', 1, 0, 1024, ({ launching }) => launching.ray.cpus],
      ['KAPPA_BATCH_VCPUS', 1, 1, 256, ({ launching }) => launching.batch.vcpus],
      ['KAPPA_WORKER_INGESTS', 1, 1, 64, ({ worker }) => worker.ingests],
      ['KAPPA_WORKER_EXPORTS', 1, 1, 64, ({ worker }) => worker.exports],
      ['KAPPA_LEG_MAX_S', 1, 10, 82_800, ({ worker }) => worker.legMaxS],
      ['KAPPA_LEASE_S', 1, 3, 600, ({ worker }) => worker.leaseS],
      ['KAPPA_LOADERS', 1, 0, 64, ({ worker }) => worker.loaders],
      ['KAPPA_TRAINER_THREADS', 1, 0, 256, ({ worker }) => worker.threads],
      ['KAPPA_GRAPH_MEMORY_MIB', MIB, 1, 1_000_000, ({ worker }) => worker.graphBytes],
      ['KAPPA_CACHE_GIB', GIB, 1, 100_000, ({ worker }) => worker.cacheBytes],
      ['KAPPA_INFERENCE_PROCESSES', 1, 1, 64, ({ inference }) => inference.processes],
      ['KAPPA_INFERENCE_THREADS', 1, 1, 256, ({ inference }) => inference.threads],
      ['KAPPA_INFERENCE_SESSIONS', 1, 1, 256, ({ inference }) => inference.sessions],
      ['KAPPA_MAX_BATCH', 1, 1, 1024, ({ inference }) => inference.maxBatch],
      ['KAPPA_MAX_QUEUE_DELAY_MS', 1, 0, 10_000, ({ inference }) => inference.maxQueueDelayMs],
      ['KAPPA_MAX_QUEUE_SIZE', 1, 1, 1_000_000, ({ inference }) => inference.maxQueueSize],
      ['KAPPA_QUEUE_MEGAPIXELS', 1_000_000, 1, 1_000_000, ({ inference }) => inference.maxQueuePixels],
      ['KAPPA_DECODE_MEGAPIXELS', 1_000_000, 1, 100_000, ({ inference }) => inference.maxDecodingPixels],
      ['KAPPA_REQUEST_TIMEOUT_MS', 1, 100, 3_600_000, ({ inference }) => inference.requestTimeoutMs],
      ['KAPPA_MODEL_CACHE_MIB', MIB, 16, 1_000_000, ({ inference }) => inference.modelCacheBytes]
    ]
    for (const [name, unit, low, high, read] of numbers) {
      for (const value of [low, low + 1, high]) {
        assert.equal(read(readConfig({ [name]: String(value) })), value * unit, `${name}=${value}`)
      }
      for (const value of [low - 1, high + 1, low + 0.5, `${low}x`]) {
        assert.throws(() => readConfig({ [name]: String(value) }), new RegExp(`${name} must be`), `${name}=${value}`)
      }
    }
    // Every number that .env.example has is in the table.
    const numeric = documented().filter(([, value]) => /^\d+$/.test(value))
    assert.deepEqual(
      numeric.map(([name]) => name).filter((name) => !numbers.some(([known]) => known === name)),
      []
    )
  })

  it('has the defaults that .env.example shows', () => {
    const shown = Object.fromEntries(documented().filter(([, value]) => value !== ''))
    const same = { KAPPA_SIGNING_KEY: 'the same' }
    assert.deepEqual(readConfig({ ...shown, ...same }), readConfig(same))
  })

  it('takes its lists, addresses and switches as .env.example says', () => {
    const config = readConfig({
      KAPPA_IMAGE_HOSTS: ' a.example, ,b.example ',
      KAPPA_PUBLIC_URL: 'https://kappa.example',
      DATABASE_URL: 'postgres://db/kappa',
      S3_BUCKET: 'bucket',
      S3_ENDPOINT: 'http://s3:9000',
      S3_FORCE_PATH_STYLE: 'No'
    })
    assert.deepEqual(config.allowedImageHosts, ['a.example', 'b.example'])
    assert.equal(config.publicUrl, 'https://kappa.example')
    assert.equal(config.databaseUrl, 'postgres://db/kappa')
    const s3 = { bucket: 'bucket', endpoint: 'http://s3:9000', region: 'us-east-1', forcePathStyle: false }
    assert.deepEqual(config.s3, s3)
    assert.equal(readConfig({ S3_BUCKET: 'b', S3_ENDPOINT: 'http://s3' }).s3?.forcePathStyle, true)
    assert.equal(readConfig({ S3_BUCKET: 'b' }).s3?.forcePathStyle, false)
    assert.throws(() => readConfig({ S3_BUCKET: 'b', S3_FORCE_PATH_STYLE: 'maybe' }), /S3_FORCE_PATH_STYLE must be/)
    assert.equal(readConfig({ HOST: '0.0.0.0', PORT: '81' }).publicUrl, 'http://0.0.0.0:81')
  })

  it('serves with onnx unless it is told otherwise, with the plugin and the programs of training', () => {
    const { serving, engine } = readConfig({
      KAPPA_INFERENCE_ENGINE: 'xla',
      KAPPA_INFERENCE_PRECISION: 'bfloat16',
      KAPPA_PJRT_PLUGIN: '/p.so',
      KAPPA_DEVICE_MEMORY_FRACTION: '0.4'
    })
    const { plugin, memoryFraction, programsFolder } = engine
    assert.deepEqual([plugin, memoryFraction], ['/p.so', 0.4])
    assert.deepEqual(serving, { name: 'xla', precision: 'bfloat16', plugin, memoryFraction, programsFolder })
    assert.deepEqual([readConfig({}).serving.name, readServingChoice({}).precision], ['onnx', 'float32'])
    assert.throws(() => readConfig({ KAPPA_INFERENCE_ENGINE: 'cuda' }), /KAPPA_INFERENCE_ENGINE must be/)
    assert.throws(() => readServingChoice({ KAPPA_INFERENCE_PRECISION: 'int8' }), /KAPPA_INFERENCE_PRECISION must be/)
  })

  it('takes networks for webhooks as addresses and ranges, not as names', () => {
    const { webhooks } = readConfig({ KAPPA_WEBHOOK_NETWORKS: '10.1.0.0/16, ::1', KAPPA_WEBHOOK_DAYS: '7' })
    assert.deepEqual(webhooks, { networks: ['10.1.0.0/16', '::1'], keptDays: 7 })
    assert.deepEqual(readConfig({}).webhooks, { networks: [], keptDays: 30 })
    for (const wrong of ['loopback', '10.0.0.0/33', 'localhost', '10.0.0.1,x']) {
      assert.throws(() => readConfig({ KAPPA_WEBHOOK_NETWORKS: wrong }), /KAPPA_WEBHOOK_NETWORKS must be/, wrong)
    }
  })

  it('takes an administrator’s key of twenty characters or more behind its id', () => {
    const secret = 'S'.repeat(20)
    assert.equal(readConfig({ KAPPA_ADMIN_KEY: `kappa_0a_${secret}` }).adminKey, `kappa_0a_${secret}`)
    for (const wrong of [
      `kappa_0a_${secret.slice(1)}`,
      `kappa_${secret}`,
      `other_0a_${secret}`,
      `kappa_0A_${secret}`
    ]) {
      assert.throws(() => readConfig({ KAPPA_ADMIN_KEY: wrong }), /KAPPA_ADMIN_KEY must look like/)
    }
  })

  it('never repeats a key that has the wrong form', () => {
    const secret = 'kappa-with-a-secret-that-nobody-may-see'
    assert.throws(
      () => readConfig({ KAPPA_ADMIN_KEY: secret }),
      (error: Error) => error.message.includes('KAPPA_ADMIN_KEY') && !error.message.includes(secret)
    )
  })

  it('gives a trainer the engine alone, whatever else is wrong', () => {
    const none = { name: 'auto', precision: 'auto', plugin: null, memoryFraction: null }
    const programsFolder = resolve('data/cache/programs')
    assert.deepEqual(readEngineChoice({ PORT: 'eighty' }), { ...none, programsFolder })
    const given = {
      KAPPA_ENGINE: 'xla',
      KAPPA_PRECISION: 'tf32',
      KAPPA_PJRT_PLUGIN: 'plugins/libtpu.so',
      KAPPA_DEVICE_MEMORY_FRACTION: ' 0.5 ',
      KAPPA_CACHE: '/var/kappa'
    }
    assert.deepEqual(readEngineChoice(given), {
      name: 'xla',
      precision: 'tf32',
      plugin: resolve('plugins/libtpu.so'),
      memoryFraction: 0.5,
      programsFolder: '/var/kappa/programs'
    })
    assert.throws(() => readEngineChoice({ KAPPA_ENGINE: 'gpu' }), /KAPPA_ENGINE must be one of auto, onnx, .*"gpu"/)
  })

  it('takes a share of the device’s memory that leaves some to others', () => {
    for (const wrong of ['0', '1', '0.04', '-0.5', 'half', '50 %', 'NaN', 'Infinity']) {
      const problem = /KAPPA_DEVICE_MEMORY_FRACTION must be a number from 0\.05 to 0\.99, not "/
      assert.throws(() => readEngineChoice({ KAPPA_DEVICE_MEMORY_FRACTION: wrong }), problem, wrong)
    }
    assert.equal(readEngineChoice({ KAPPA_DEVICE_MEMORY_FRACTION: '0.99' }).memoryFraction, 0.99)
  })

  it('refuses KAPPA_DEVICE, which is no longer read, with what to set instead', () => {
    for (const read of [readConfig, readEngineChoice]) {
      assert.throws(() => read({ KAPPA_DEVICE: 'cuda' }), / KAPPA_DEVICE is no longer read: .*KAPPA_ENGINE=xla/m)
      assert.doesNotThrow(() => read({ KAPPA_DEVICE: '' }))
    }
  })

  it('trusts no proxy unless told which, and takes numbers, addresses and ranges for that', () => {
    const trusted = (value: string) => readConfig({ KAPPA_TRUST_PROXY: value }).trustedProxies
    assert.equal(trusted(''), null)
    assert.equal(trusted('0'), null)
    assert.equal(trusted('2'), 2)
    assert.deepEqual(trusted('10.0.0.0/8, 192.0.2.1,fd00::/8,loopback'), [
      '10.0.0.0/8',
      '192.0.2.1',
      'fd00::/8',
      'loopback'
    ])
    for (const wrong of [
      'true',
      '*',
      '17',
      '-1',
      '1,2',
      '10.0.0.0/33',
      'fd00::/129',
      '10.0.0.0/8/8',
      'proxy.example'
    ]) {
      assert.throws(() => trusted(wrong), /KAPPA_TRUST_PROXY must be/, wrong)
    }
  })

  it('takes no key for secrets that could be guessed', () => {
    assert.equal(readConfig({}).secretKey, null)
    assert.equal(readConfig({ KAPPA_SECRET_KEY: 'k'.repeat(32) }).secretKey, 'k'.repeat(32))
    assert.throws(() => readConfig({ KAPPA_SECRET_KEY: 'k'.repeat(31) }), / KAPPA_SECRET_KEY must have 32/m)
  })

  it('cannot be changed after it was read', () => {
    const config = readConfig({})
    assert.throws(() => Object.assign(config.limits, { bodyBytes: 1 }), TypeError)
  })

  it('reads exactly the variables that .env.example documents', () => {
    const asked = new Set<string>()
    readConfig(
      new Proxy<Record<string, string | undefined>>(
        { S3_BUCKET: 'b' },
        {
          get: (target, name) => {
            asked.add(String(name))
            return target[String(name)]
          }
        }
      )
    )
    asked.delete('AWS_REGION') // the SDK's own, a fallback
    asked.delete('KAPPA_DEVICE') // refused, with what replaced it
    assert.deepEqual(
      [...asked].sort(),
      documented()
        .map(([name]) => name)
        .sort()
    )
  })
})
