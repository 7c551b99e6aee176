/**
 * A fuller S3 server than the one from npm: versitygw, where somebody has installed it (`go install
 * github.com/versity/versitygw/cmd/versitygw@latest`) and says where in KAPPA_TEST_VERSITYGW.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../src/base/free-port.ts'
import type { S3Server } from './object-store.ts'

const BUCKET = 'kappa-test'
const CREDENTIALS = { accessKeyId: 'kappa', secretAccessKey: 'kappa-secret' }
const TRIES = 100

/** @throws Error with the server's output when it does not start */
export async function startVersitygw(binary: string): Promise<S3Server> {
  const folder = mkdtempSync(join(tmpdir(), 'kappa-s3-'))
  // A folder of its root is a bucket.
  mkdirSync(join(folder, BUCKET))
  const port = await freePort()
  const child = spawn(binary, ['--port', `127.0.0.1:${port}`, '--quiet', 'posix', folder], {
    env: { ...process.env, ROOT_ACCESS_KEY: CREDENTIALS.accessKeyId, ROOT_SECRET_KEY: CREDENTIALS.secretAccessKey },
    stdio: ['ignore', 'ignore', 'pipe']
  })
  let output = ''
  child.stderr.on('data', (chunk: Buffer) => {
    output = (output + chunk).slice(-4000)
  })
  const remove = () => {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
  process.once('exit', remove)
  for (let tries = 0; !(await isListening(port)); tries++) {
    if (child.exitCode !== null || tries === TRIES) throw new Error(`versitygw does not listen:\n${output}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  child.unref()
  return {
    endpoint: `http://127.0.0.1:${port}`,
    bucket: BUCKET,
    ...CREDENTIALS,
    lacks: null,
    async stop() {
      const exited = once(child, 'exit')
      child.ref()
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await exited
      process.removeListener('exit', remove)
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false // asked again by the caller, up to its bound
  } finally {
    socket.destroy()
  }
}
