/** A real S3-compatible server, in a process of its own, for tests. Data are temporary. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createS3Store } from '../../src/storage/objects/s3-store.ts'
import { startVersitygw } from './versitygw.ts'

export interface S3Server {
  readonly endpoint: string
  readonly bucket: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** What S3 does and this server does not; null for a server that is none of ours to judge. */
  readonly lacks: string | null
  stop(): Promise<void>
}

interface TestScope {
  after(hook: () => Promise<void>): void
}

/** The runner's server if it started one, else one of this file's own. The bucket is shared: use a prefix of your own. */
export async function connectS3(scope: TestScope): Promise<Omit<S3Server, 'stop'>> {
  const env = process.env
  if (env.KAPPA_TEST_S3_ENDPOINT) {
    return {
      endpoint: env.KAPPA_TEST_S3_ENDPOINT,
      bucket: env.KAPPA_TEST_S3_BUCKET ?? BUCKET,
      accessKeyId: env.KAPPA_TEST_S3_ACCESS_KEY_ID ?? CREDENTIALS.accessKeyId,
      secretAccessKey: env.KAPPA_TEST_S3_SECRET_ACCESS_KEY ?? CREDENTIALS.secretAccessKey,
      lacks: (env.KAPPA_TEST_S3_ACCESS_KEY_ID ?? CREDENTIALS.accessKeyId) === CREDENTIALS.accessKeyId ? LACKS : null
    }
  }
  const server = await startS3()
  scope.after(() => server.stop())
  return server
}

/** A store of that server, closed with the scope. */
export async function openS3Store(scope: TestScope) {
  const s3 = await connectS3(scope)
  const { bucket, endpoint } = s3
  const store = createS3Store({ bucket, region: 'us-east-1', endpoint, forcePathStyle: true, credentials: s3 })
  scope.after(async () => store.close())
  return { ...s3, store }
}

const BUCKET = 'kappa-test'
/** s3rver knows these two and no others. */
const CREDENTIALS = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' }
const LACKS =
  's3rver neither checks part ETags and signed URLs nor aborts uploads; set KAPPA_TEST_VERSITYGW or KAPPA_TEST_S3_ENDPOINT to a fuller server'
const S3RVER = join(import.meta.dirname, '../../node_modules/s3rver/bin/s3rver.js')

/** @throws Error with the server's output when it does not start */
export async function startS3(): Promise<S3Server> {
  const versitygw = process.env.KAPPA_TEST_VERSITYGW
  if (versitygw) return startVersitygw(versitygw)
  const folder = mkdtempSync(join(tmpdir(), 'kappa-s3-'))
  const port = await findFreePort()
  const child = spawn(
    process.execPath,
    [S3RVER, '--directory', folder, '--address', '127.0.0.1', '--port', String(port), '--configure-bucket', BUCKET],
    { stdio: ['ignore', 'pipe', 'pipe'] }
  )
  const removeFolder = () => {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
  process.once('exit', removeFolder)
  await waitUntilListening(child)
  return {
    endpoint: `http://127.0.0.1:${port}`,
    bucket: BUCKET,
    ...CREDENTIALS,
    lacks: LACKS,
    async stop() {
      const exited = once(child, 'exit')
      child.ref()
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await exited
      process.removeListener('exit', removeFolder)
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

async function waitUntilListening(child: ChildProcess): Promise<void> {
  let output = ''
  await new Promise<void>((resolve, reject) => {
    const onData = (chunk: Buffer) => {
      output = (output + chunk).slice(-4000)
      if (/listening on/i.test(output)) resolve()
    }
    child.stdout?.on('data', onData)
    child.stderr?.on('data', onData)
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`the S3 server ended with ${code}:\n${output}`)))
  })
  // A test that fails must not hang on its server.
  child.unref()
  for (const stream of [child.stdout, child.stderr]) {
    if (stream && 'unref' in stream && typeof stream.unref === 'function') stream.unref()
  }
}

async function findFreePort(): Promise<number> {
  const probe = createServer()
  probe.listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no TCP address')
  return address.port
}
