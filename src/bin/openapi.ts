/** Writes openapi.yaml from the schemas; with --check says whether it is up to date. */
import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { stringify } from 'yaml'
import { systemClock } from '../base/clock.ts'
import { silentLogger } from '../base/log.ts'
import { createApp } from '../http/app.ts'
import type { Services } from '../services/services.ts'

const PATH = resolve(import.meta.dirname, '../../openapi.yaml')

/** Routes are described, not called. */
const noServices = { keys: {}, datasets: {}, runs: {}, models: {}, prototypes: {}, serving: {}, idempotency: {} }

const app = await createApp({
  services: noServices as unknown as Services,
  clock: systemClock,
  logger: silentLogger,
  limits: { bodyBytes: 1, bodiesBytes: 1, imageBytes: 1, imagesPerRequest: 1 },
  rateLimitPerMinute: null,
  checks: {},
  signedObjects: null,
  dashboardFolder: null
})
const text = stringify(app.openApi, { lineWidth: 0, aliasDuplicateObjects: false })
await app.close()

if (!process.argv.includes('--check')) {
  await writeFile(PATH, text)
} else if ((await readFile(PATH, 'utf8').catch(() => '')) !== text) {
  process.stderr.write('openapi.yaml is not what the schemas say. Run: npm run openapi\n')
  process.exitCode = 1
}
