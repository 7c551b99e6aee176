/** Drift between the Drizzle schema and the migrations: needs no database. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'

const ROOT = join(import.meta.dirname, '../..')
const run = promisify(execFile)

describe('migrations', () => {
  test('are what the schema asks for: generating again changes nothing', async (t) => {
    const copy = await mkdtemp(join(tmpdir(), 'kappa-migrations-'))
    t.after(() => rm(copy, { recursive: true, force: true }))
    await cp(join(ROOT, 'migrations'), copy, { recursive: true })
    const before = await readdir(copy, { recursive: true })
    // drizzle-kit takes `out` relative to where it runs.
    const arguments_ = ['--dialect', 'postgresql', '--schema', './src/storage/postgres/schema/*.ts']
    const kit = join(ROOT, 'node_modules/drizzle-kit/bin.cjs')
    const out = relative(ROOT, copy)
    const { stdout } = await run(process.execPath, [kit, 'generate', ...arguments_, '--out', out], { cwd: ROOT })
    assert.deepEqual(await readdir(copy, { recursive: true }), before, stdout)
  })

  test('say why at their top', async () => {
    const files = (await readdir(join(ROOT, 'migrations'))).filter((name) => name.endsWith('.sql'))
    assert.ok(files.length > 0)
    for (const file of files) assert.match(await readFile(join(ROOT, 'migrations', file), 'utf8'), /^-- \S/, file)
  })
})
