/** Writes what follows from the schemas: openapi.yaml and the client's types. With --check says whether they are up to date. */
import { readFile, writeFile } from 'node:fs/promises'
import { relative, resolve } from 'node:path'
import { stringify } from 'yaml'
import { systemClock } from '../base/clock.ts'
import { silentLogger } from '../base/log.ts'
import { UNTRACED } from '../composition/tracing.ts'
import { createApp } from '../http/app.ts'
import type { OpenApiDocument } from '../http/openapi/document.ts'
import type { Services } from '../services/services.ts'

const ROOT = resolve(import.meta.dirname, '../..')

/** Routes are described, not called. */
const noServices = {
  keys: {},
  projects: {},
  datasets: {},
  runs: {},
  models: {},
  prototypes: {},
  serving: {},
  audit: {},
  idempotency: {}
}

const app = await createApp({
  services: noServices as unknown as Services,
  clock: systemClock,
  logger: silentLogger,
  tracing: UNTRACED,
  limits: { bodyBytes: 1, bodiesBytes: 1, imageBytes: 1, imagesPerRequest: 1, fileBytes: 1 },
  rateLimitPerMinute: null,
  streamLimits: { perKey: 1, perProcess: 1 },
  trustedProxies: null,
  checks: {},
  signedObjects: null,
  dashboardFolder: null
})
const document = app.openApi
await app.close()

type Operation = { responses?: Record<string, object> }

/** Without the failures: the client throws every one as a Problem, and they are two thirds of the types. */
function successesOf({ paths, ...rest }: OpenApiDocument): object {
  const isSuccess = ([status]: readonly [string, object]) => Number(status) < 400
  const strip = ([method, operation]: [string, unknown]) => {
    const { responses = {}, ...others } = operation as Operation // as document.ts writes them
    return [method, { ...others, responses: Object.fromEntries(Object.entries(responses).filter(isSuccess)) }]
  }
  const stripped = Object.entries(paths).map(([path, methods]) => [
    path,
    Object.fromEntries(Object.entries(methods).map(strip))
  ])
  return { ...rest, paths: Object.fromEntries(stripped) }
}

/** Lists for tuples: the types of openapi-fetch read every array as a list, and would not know its own answers. */
const widenTuple = (_: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'prefixItems' in value && Array.isArray(value.prefixItems)
    ? { type: 'array', items: value.prefixItems[0] }
    : value

/** The generator is a development dependency: loaded here alone. */
async function typesOf(document: OpenApiDocument): Promise<string> {
  const { default: openapiTS, astToString } = await import('openapi-typescript')
  const nodes = await openapiTS(JSON.parse(JSON.stringify(successesOf(document)), widenTuple), { silent: true })
  return `/** The API's types. Written by \`npm run openapi\`; not edited. */\n\n${astToString(nodes)}`
}

const files = {
  'openapi.yaml': stringify(document, { lineWidth: 0, aliasDuplicateObjects: false }),
  'src/client/wire.ts': await typesOf(document)
}
for (const [name, text] of Object.entries(files)) {
  const path = resolve(ROOT, name)
  if (!process.argv.includes('--check')) {
    await writeFile(path, text)
  } else if ((await readFile(path, 'utf8').catch(() => '')) !== text) {
    process.stderr.write(`${relative(ROOT, path)} is not what the schemas say. Run: npm run openapi\n`)
    process.exitCode = 1
  }
}
