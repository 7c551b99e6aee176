/** npm does not pass SIGTERM on: it ends, and its shell with it. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'

const CHILD = resolve(import.meta.dirname, '../../helpers/stopping-child.ts')

test('a process below npm stops when npm is gone', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'kappa-stop-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = join(folder, 'end')
  // As npm does it: a shell between, which lives until the program ends.
  const shell = spawn('sh', ['-c', `"${process.execPath}" "${CHILD}" "${file}"; true`], {
    env: { ...process.env, npm_lifecycle_event: 'start' },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  await once(shell.stdout, 'data')
  const ended = once(shell.stdout, 'close')
  shell.kill('SIGKILL')
  await ended
  assert.equal(await readFile(file, 'utf8'), 'stopped')
})
