/** What a process says of an environment that is wrong, as its operator sees it. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'

const BIN = join(import.meta.dirname, '../../../src/bin')

const start = (entry: string, env: NodeJS.ProcessEnv) =>
  new Promise<{ code: unknown; out: string; err: string }>((resolve) => {
    execFile(process.execPath, [join(BIN, entry)], { env, timeout: 60_000 }, (error, out, err) =>
      resolve({ code: error?.code ?? 0, out, err })
    )
  })

const PATH = { PATH: process.env['PATH'] }
const DATABASE = { DATABASE_URL: 'postgres://kappa@127.0.0.1:1/kappa' }

test('a process whose environment is not valid ends with 2, a line for each variable and no stack', async () => {
  const env = { ...PATH, ...DATABASE, PORT: 'eighty', LOG_LEVEL: 'loud' }
  const ended = await Promise.all(['standalone.ts', 'migrate.ts', 'worker.ts'].map((entry) => start(entry, env)))
  for (const { code, out, err } of ended) {
    assert.deepEqual([code, out], [2, ''])
    assert.match(err, /^The environment is not valid:\n {2}PORT must be [^\n]+\n {2}LOG_LEVEL must be [^\n]+\n$/)
  }
})

test('of one wrong variable it says one line', async () => {
  const { err } = await start('migrate.ts', { ...PATH, ...DATABASE, PORT: 'eighty' })
  assert.match(err, /^The environment is not valid: PORT must be [^\n]+\n$/)
})

test('every entry reads its settings where that is so', () => {
  // Lambda has to be told of it, too, and says the same words; migrate reads them while it prepares the database.
  const others = new Set(['lambda.ts'])
  const readers = globSync('*.ts', { cwd: BIN }).filter((entry) => !others.has(basename(entry)))
  for (const entry of readers)
    for (const [call] of readFileSync(join(BIN, entry), 'utf8').matchAll(/.*\breadConfig\(.*/g))
      assert.match(call, /ensureAdminKey\(readConfig\(env\)\)/, `${entry}: ${call}`) // of what was read before
})
