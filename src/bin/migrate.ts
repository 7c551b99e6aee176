/** `npm run migrate`: brings the schema of DATABASE_URL up to date, and that of its queue, and says what it applied. */
import { isAppError } from '../base/errors.ts'
import { prepareDatabase } from '../composition/prepare-database.ts'
import { exitCodeFor, wordsOfRefusal } from '../composition/process-config.ts'

const url = process.env.DATABASE_URL

if (!url) {
  process.stderr.write('DATABASE_URL is not set: postgres://user:password@host:5432/database\n')
  process.exitCode = 2
} else {
  try {
    const tell = (line: string) => void process.stderr.write(`${line}\n`)
    const applied = await prepareDatabase(process.env, tell)
    const lines = applied.length > 0 ? applied.map((name) => `applied ${name}`) : ['the schema is up to date']
    process.stdout.write(`${lines.join('\n')}\n`)
  } catch (error) {
    const words = wordsOfRefusal(error)
    if (words === null) throw error
    // What refuses has its reason in its own words already.
    const cause = isAppError(error) && error.code !== 'database_refuses' ? error.cause : null
    process.stderr.write(`${words}${cause instanceof Error ? `: ${cause.message}` : ''}\n`)
    process.exitCode = exitCodeFor(error)
  }
}
