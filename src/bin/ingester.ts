/**
 * Child process of a worker that turns sources into a dataset folder: what users upload is unpacked and decoded here,
 * in a process that may die. One request comes over the pipe, progress and an end go back, and the process ends.
 */
import { isAppError, toError } from '../base/errors.ts'
import { asDiskTrouble } from '../base/system-errors.ts'
import { ingest } from '../images/ingest.ts'
import type { IngestMessage, IngestRequest } from '../protocol/ingest-messages.ts'

const send = (message: IngestMessage): Promise<void> =>
  new Promise((resolve, reject) => {
    process.send?.(message, (error: Error | null) => (error === null ? resolve() : reject(error)))
  })

function failureOf(thrown: unknown): IngestMessage {
  const error = asDiskTrouble(thrown)
  if (!isAppError(error)) return { type: 'failed', code: 'internal', message: toError(error).message, details: {} }
  return { type: 'failed', code: error.code, message: error.message, details: error.details }
}

async function run(request: IngestRequest): Promise<void> {
  try {
    const tell = (message: IngestMessage): void => void process.send?.(message)
    const manifest = await ingest(request, tell, (shard) => tell({ type: 'shard', shard }))
    await send({ type: 'done', manifest })
  } catch (error) {
    if (!isAppError(error)) process.stderr.write(`${toError(error).stack}\n`)
    await send(failureOf(error))
  }
}

// Without a worker there is nobody to work for.
process.once('disconnect', () => process.exit(1))

process.once('message', (request: IngestRequest) => {
  run(request).finally(() => {
    process.removeAllListeners('disconnect')
    process.disconnect()
  })
})
