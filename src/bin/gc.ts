/** `npm run gc`: removes objects that nobody owns; with `-- --dry-run` it only says which. For operators (docs/operating.md). */
import { parseArgs } from 'node:util'
import { systemClock } from '../base/clock.ts'
import { isAppError } from '../base/errors.ts'
import { awaitDatabase, connect, createObjects } from '../composition/clients.ts'
import { createLogger } from '../composition/logger.ts'
import { configOrExit } from '../composition/process-config.ts'
import { UNTRACED } from '../composition/tracing.ts'
import { collectUnowned, type Unowned } from '../services/removals/collection.ts'
import { PATIENCE_OF_WORKERS } from '../storage/objects/patience.ts'

const USAGE = `npm run gc -- [--dry-run] [--grace-hours N]

  --dry-run        says what would be removed, and removes nothing
  --grace-hours N  younger objects are let be: 24 unless it is given, and 1 at the least
`

const LEAST_GRACE_H = 1

function readArguments(): { readonly isDry: boolean; readonly graceHours: number } | null {
  try {
    const options = { 'dry-run': { type: 'boolean' }, 'grace-hours': { type: 'string' } } as const
    const { values } = parseArgs({ options })
    const graceHours = Number(values['grace-hours'] ?? 24)
    if (!(graceHours >= LEAST_GRACE_H)) throw new Error(`--grace-hours must be a number from ${LEAST_GRACE_H}`)
    // `npm run gc --dry-run` gives the word to npm and not to us: that must not remove anything.
    const isDry = values['dry-run'] === true || process.env['npm_config_dry_run'] === 'true'
    return { isDry, graceHours }
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`)
    return null
  }
}

const sizeOf = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`

const lineOf = ({ prefix, objects, bytes, multipartId }: Unowned): string =>
  multipartId === null
    ? `${prefix}  ${objects} objects, ${sizeOf(bytes)}`
    : `${prefix}  an upload that was never put together`

async function collect({ isDry, graceHours }: { readonly isDry: boolean; readonly graceHours: number }) {
  const config = await configOrExit(process.env)
  const logger = createLogger(config.logLevel, 'gc')
  await awaitDatabase(config, logger)
  const { database, boss, stores } = await connect(config, { name: 'gc', supervise: false, logger, tracing: UNTRACED })
  try {
    const { objects } = createObjects(config, { patience: PATIENCE_OF_WORKERS, tracing: UNTRACED })
    const found = await collectUnowned(
      { stores, objects, clock: systemClock },
      {
        graceMs: graceHours * 3600_000,
        removes: !isDry,
        onFound: (one) => void process.stdout.write(`${lineOf(one)}\n`)
      }
    )
    const verb = isDry ? 'would be removed' : 'removed'
    const uploads = found.uploads === null ? 'uploads: the store cannot list them' : `${found.uploads} uploads`
    process.stdout.write(
      `${verb}: ${found.objects} objects, ${sizeOf(found.bytes)} (${found.bytes} bytes), ${uploads}\n`
    )
    if (found.strangers > 0)
      process.stdout.write(`let be: ${found.strangers} objects in Kappa's folders that Kappa never makes\n`)
  } finally {
    await boss.stop({ graceful: false })
    await database.close()
  }
}

const chosen = readArguments()
if (chosen === null) process.exitCode = 2
else if (!process.env['DATABASE_URL']) {
  process.stderr.write(
    'DATABASE_URL is not set: postgres://user:password@host:5432/database. With npm start, KAPPA_COLLECT=remove does it.\n'
  )
  process.exitCode = 2
} else {
  await collect(chosen).catch((error: unknown) => {
    if (!isAppError(error)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  })
}
