/**
 * The API on AWS Lambda, as a runtime of its own: the entry of a container image, or what `bootstrap` of a zip runs (npm run lambda). Changes
 * nothing in the database at its start: schema, queue and first key are brought by npm run migrate.
 */
import { systemClock } from '../base/clock.ts'
import { readConfig } from '../composition/config.ts'
import { composeLambda } from '../composition/lambda.ts'
import { createLogger } from '../composition/logger.ts'
import { wordsOfRefusal } from '../composition/process-config.ts'
import { openTracing, sayDroppedSpans } from '../composition/tracing.ts'
import { serveInvocations } from '../lambda/invocations.ts'
import { createRuntimeApi } from '../lambda/runtime-api.ts'
import { onStop } from '../processes/on-stop.ts'
import { resolveReferences } from '../storage/secrets/references.ts'

const address = process.env['AWS_LAMBDA_RUNTIME_API']
if (!address) {
  process.stderr.write('AWS_LAMBDA_RUNTIME_API is not set: this is started by AWS Lambda (docs/deploy/aws.md)\n')
  process.exit(2)
}
const api = createRuntimeApi(address)
const ending = new AbortController()

try {
  const config = readConfig(await resolveReferences(process.env))
  const traced = await openTracing(config.tracing, 'lambda')
  const logger = createLogger(config.logLevel, 'lambda', traced.tracing)
  sayDroppedSpans(logger)
  const { answer, afterPause, close } = await composeLambda(config, { api, logger, traced })
  onStop(async () => {
    ending.abort()
    api.close()
    await close()
  })
  await serveInvocations({ api, answer, afterPause, clock: systemClock, logger, signal: ending.signal })
} catch (error) {
  if (!ending.signal.aborted) {
    await api.failToStart(error).catch(() => {}) // Lambda is gone, too; what is said below is in its log
    process.stderr.write(`${wordsOfRefusal(error) ?? (error instanceof Error ? error.stack : String(error))}\n`)
    process.exit(1)
  }
}
