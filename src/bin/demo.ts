/** `npm run demo`: the whole purpose of Kappa on real images, on free ports and in a temporary folder. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { toError } from '../base/errors.ts'
import { createKappaClient } from '../client/client.ts'
import { runDemo } from '../demo/journey.ts'
import { startPlatformProcess } from '../demo/platform.ts'
import { formatCurl } from '../demo/report.ts'

const USAGE = 'npm run demo -- [--keep] [--seed N] [--epochs N]\n  --keep leaves the server running at the end\n'

/** Before anything is started: a training that nobody meant takes minutes. */
function readOptions() {
  const { values } = parseArgs({
    options: {
      keep: { type: 'boolean', default: false },
      seed: { type: 'string', default: '0' },
      epochs: { type: 'string' },
      help: { type: 'boolean', default: false }
    }
  })
  for (const name of ['seed', 'epochs'] as const) {
    const value = values[name]
    if (value !== undefined && !/^\d{1,6}$/.test(value))
      throw new Error(`--${name} must be a whole number, not ${value}`)
  }
  return values
}

function optionsOrExit(): ReturnType<typeof readOptions> {
  try {
    return readOptions()
  } catch (error) {
    process.stderr.write(`${toError(error).message}\n${USAGE}`)
    return process.exit(2)
  }
}

const values = optionsOrExit()
if (values.help) {
  process.stdout.write(USAGE)
  process.exit(0)
}

const started = performance.now()
const folder = await mkdtemp(join(tmpdir(), 'kappa-demo-'))
const platform = await startPlatformProcess(folder).catch(async (error: unknown) => {
  await rm(folder, { recursive: true, force: true })
  process.stderr.write(`${toError(error).message}\n`)
  return process.exit(1)
})
const watching = new AbortController()
const interrupted = new Promise<never>((_, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => reject(new Error('interrupted')))
  void platform.child.exited.then(() => reject(new Error('the platform has stopped')))
})

try {
  process.stdout.write(`Kappa at ${platform.url}  dashboard: ${platform.url}/#key=${platform.adminKey}\n\n`)
  const client = createKappaClient({ baseUrl: platform.url, key: platform.adminKey })
  const epochs = values.epochs === undefined ? null : Number(values.epochs)
  const options = { seed: Number(values.seed), epochs, signal: watching.signal }
  const ids = await Promise.race([runDemo(client, options), interrupted])
  process.stdout.write(`\n7. Do it yourself${values.keep ? '' : ' (with npm run demo -- --keep)'}\n`)
  process.stdout.write(`${formatCurl(platform.url, platform.adminKey, ids)}\n`)
  process.stdout.write(`\nDone in ${((performance.now() - started) / 60_000).toFixed(1)} minutes.\n`)
  if (values.keep) {
    process.stdout.write(`The server stays at ${platform.url} until Ctrl-C; its data: ${folder}\n`)
    await interrupted.catch(() => undefined)
  }
} catch (error) {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
} finally {
  watching.abort()
  await platform.stop()
  if (!values.keep) await rm(folder, { recursive: true, force: true })
}
