/** `npm run migrate`: brings the schema of DATABASE_URL up to date, and that of its queue, and says what it applied. */
import { isAppError } from '../base/errors.ts'
import { prepareDatabase } from '../composition/prepare-database.ts'

const url = process.env.DATABASE_URL

if (!url) {
  process.stderr.write('DATABASE_URL is not set: postgres://user:password@host:5432/database\n')
  process.exitCode = 2
} else {
  try {
    const applied = await prepareDatabase(process.env)
    const lines = applied.length > 0 ? applied.map((name) => `applied ${name}`) : ['the schema is up to date']
    process.stdout.write(`${lines.join('\n')}\n`)
  } catch (error) {
    if (!isAppError(error)) throw error
    const cause = error.cause instanceof Error ? `: ${error.cause.message}` : ''
    process.stderr.write(`${error.message}${cause}\n`)
    process.exitCode = 1
  }
}
