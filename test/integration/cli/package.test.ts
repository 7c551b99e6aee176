/** The package of clients/typescript: built, it needs nothing else, and is of the project's version. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { after, test } from 'node:test'

const ROOT = resolve(import.meta.dirname, '../../..')
const out = mkdtempSync(join(tmpdir(), 'kappa-client-'))
after(() => rmSync(out, { recursive: true }))
const json = (name: string) => JSON.parse(readFileSync(join(ROOT, name), 'utf8'))

test('the built package runs and is typed without any other package', async () => {
  execFileSync(process.execPath, ['clients/typescript/build.ts', join(out, 'dist')], { cwd: ROOT, stdio: 'pipe' })
  const { createKappa, KappaError, verifyWebhook } = await import(join(out, 'dist/index.js'))
  const refuse = async () =>
    Response.json({ code: 'run_not_found', detail: 'no', request_id: 'req_1' }, { status: 404 })
  const kappa = createKappa({ url: 'http://kappa.test', key: 'k', fetch: refuse })
  await assert.rejects(kappa.runs.get('run_1'), (error) => {
    assert.ok(error instanceof KappaError)
    const { code, status, requestId } = error as { code: string; status: number; requestId: string }
    assert.deepEqual([code, status, requestId], ['run_not_found', 404, 'req_1'])
    return true
  })
  assert.equal(typeof verifyWebhook, 'function')
  const files = globSync('dist/**/*.{js,d.ts}', { cwd: out }).map((name) => join(out, name))
  assert.ok(files.length > 15, String(files.length))
  const imports = files.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/^(?:import|export)[^'"]* from ['"]([^'"]+)['"]/gm)].map(([, to]) => ({
      file,
      to: to!
    }))
  )
  assert.ok(imports.length > 10)
  for (const { file, to } of imports) {
    assert.match(to, /^\.\.?\//, `${file} imports ${to}`)
    assert.ok(existsSync(join(dirname(file), to.replace(/\.js$/, '.d.ts'))), `${file} imports ${to}`)
    assert.match(to, /\.js$/)
  }
})

test('it has the version of the project, and names the files that its build makes', () => {
  const own = json('clients/typescript/package.json')
  assert.equal(own.version, json('package.json').version)
  assert.deepEqual(own.dependencies ?? {}, {})
  for (const path of Object.values<string>(own.exports['.'])) assert.ok(existsSync(join(out, path)), path)
})
