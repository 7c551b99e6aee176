/** `node src/bin/embedded-postgres.ts <folder>`: the embedded database in a process of its own, for the one that forked it. */
import { toError } from '../base/errors.ts'
import { openEmbeddedPostgres } from '../storage/postgres/embedded.ts'

const folder = process.argv[2]
if (!folder) throw new Error('usage: node src/bin/embedded-postgres.ts <folder>')

const tell = (message: { type: 'listening'; url: string } | { type: 'failed'; message: string }): void => {
  if (process.send) process.send(message)
  else process.stdout.write(`${JSON.stringify(message)}\n`)
}

try {
  const postgres = await openEmbeddedPostgres(folder)
  let isClosing = false
  const close = async () => {
    if (isClosing) return
    isClosing = true
    await postgres.close()
    process.exit(0)
  }
  process.on('SIGTERM', close)
  // Ctrl-C reaches every process of the terminal at once; those that use the database come first, then tell us.
  process.on('SIGINT', () => {
    if (!process.connected) void close()
  })
  // The parent is gone, however it ended.
  process.on('disconnect', close)
  tell({ type: 'listening', url: postgres.url })
} catch (error) {
  tell({ type: 'failed', message: toError(error).message })
  process.exitCode = 1
  process.disconnect?.()
}
