/** `npm run launch` with a template that cannot be used ends with what is wrong with it, in one line. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { createTestDatabase, whyNoPostgres } from '../../helpers/postgres.ts'

const skip = await whyNoPostgres()
const LAUNCH = resolve(import.meta.dirname, '../../../src/bin/launch.ts')
const folder = await mkdtemp(join(tmpdir(), 'kappa-template-'))
after(() => rm(folder, { recursive: true, force: true }))

async function launch(template: string): Promise<{ readonly code: number | null; readonly stderr: string }> {
  const env = {
    ...process.env,
    DATABASE_URL: await createTestDatabase({ after }),
    KAPPA_DATA: folder,
    KAPPA_LAUNCHER: 'kubernetes',
    KAPPA_KUBERNETES_TEMPLATE: template
  }
  const child = spawn(process.execPath, [LAUNCH], { env, stdio: ['ignore', 'ignore', 'pipe'] })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const code = await new Promise<number | null>((done) => child.once('close', done))
  return { code, stderr }
}

test('each names the setting and the field, without a stack', { skip }, async () => {
  const template = join(folder, 'template.yaml')
  const wrong: readonly (readonly [string | null, RegExp])[] = [
    [null, /cannot be read: ENOENT/],
    ['a: [b', /is no YAML: .* at line 1, column 6\.$/],
    ['apiVersion: batch/v1\nkind: Job\nspec: { templat: {} }\n', /cannot be used: .*spec\.templat is no field.*/]
  ]
  // Processes that load for a second or two each, together.
  const ended = await Promise.all(
    wrong.map(async ([text], i) => {
      const path = `${template}.${i}`
      if (text !== null) await writeFile(path, text)
      return launch(path)
    })
  )
  for (const [i, { code, stderr }] of ended.entries()) {
    const [line = '', ...more] = stderr.trimEnd().split('\n')
    assert.deepEqual([code, more], [1, []], stderr)
    assert.match(line, /^The file of KAPPA_KUBERNETES_TEMPLATE /)
    assert.match(line, wrong[i]![1])
  }
})
