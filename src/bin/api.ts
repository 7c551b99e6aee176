/** `npm run api`: the HTTP process. Any number of them may share one database and one object store. */
import { ensureAdminKey } from '../composition/admin-key.ts'
import { composeApi } from '../composition/api.ts'
import { createLogger } from '../composition/clients.ts'
import { readConfig } from '../composition/config.ts'
import { onStop } from '../processes/on-stop.ts'

const config = readConfig(process.env)
const logger = createLogger(config, 'api')

const { token } = await ensureAdminKey(config)
if (token) process.stderr.write(`First admin key, shown this once: ${token}\n`)

const { app, close } = await composeApi(config, logger)
await app.listen({ host: config.host, port: config.port })
process.send?.({ type: 'listening', url: config.publicUrl })

onStop(close)
