/** `npm run api`: the HTTP process. Any number of them may share one database and one object store. */
import { composeApi, createLogger, ensureAdminKey } from '../composition/compose.ts'
import { readConfig } from '../composition/config.ts'

const config = readConfig(process.env)
const logger = createLogger(config, 'api')

const { token } = await ensureAdminKey(config)
if (token) process.stderr.write(`First admin key, shown this once: ${token}\n`)

const { app, close } = await composeApi(config, logger)
await app.listen({ host: config.host, port: config.port })
process.send?.({ type: 'listening', url: config.publicUrl })

let isStopping = false
async function stop(): Promise<void> {
  if (isStopping) return
  isStopping = true
  await close()
  process.exit(0)
}
process.on('SIGTERM', stop)
// Under a supervisor Ctrl-C reaches everybody; the supervisor then says who stops first.
process.on('SIGINT', () => void (process.connected || stop()))
process.on('disconnect', stop)
