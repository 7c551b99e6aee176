/** `npm run migrate`: brings the schema of DATABASE_URL up to date, and that of its queue, and says what it applied. */
import { isAppError } from '../base/errors.ts'
import { prepareDatabase } from '../composition/prepare-database.ts'

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
    if (!isAppError(error)) throw error
    const { cause, code, message } = error
    // A refusal has its reason in its own words already.
    const why = cause instanceof Error && code !== 'database_refuses' ? `: ${cause.message}` : ''
    process.stderr.write(`${message}${why}\n`)
    process.exitCode = 1
  }
}
