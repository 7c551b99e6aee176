/** `node src/bin/embedded-postgres.ts <folder>`: the embedded database in a process of its own, for the one that forked it. */
import { toError } from '../base/errors.ts'
import { onStop } from '../processes/on-stop.ts'
import { openEmbeddedPostgres } from '../storage/postgres/embedded.ts'

const folder = process.argv[2]
if (!folder) throw new Error('usage: node src/bin/embedded-postgres.ts <folder>')

const tell = (message: { type: 'listening'; url: string } | { type: 'failed'; message: string }): void => {
  if (process.send) process.send(message)
  else process.stdout.write(`${JSON.stringify(message)}\n`)
}

try {
  const postgres = await openEmbeddedPostgres(folder)
  onStop(() => postgres.close())
  tell({ type: 'listening', url: postgres.url })
} catch (error) {
  tell({ type: 'failed', message: toError(error).message })
  process.exitCode = 1
  process.disconnect?.()
}
