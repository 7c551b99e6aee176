/** The package of clients/typescript: built, it needs nothing else, and is of the project's version. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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

test('the examples of its page compile, and the first is JavaScript too, in a project that has nothing else', () => {
  const project = join(out, 'project')
  const installed = join(project, 'node_modules/@kappa/client')
  mkdirSync(installed, { recursive: true })
  cpSync(join(ROOT, 'clients/typescript/package.json'), join(installed, 'package.json'))
  cpSync(join(out, 'dist'), join(installed, 'dist'), { recursive: true })
  const page = readFileSync(join(ROOT, 'clients/typescript/README.md'), 'utf8')
  const [first, webhook, ...more] = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code!)
  assert.deepEqual(more, [])
  // The page says that it may be first.mjs: nothing that only TypeScript reads.
  writeFileSync(join(project, 'first.mjs'), first!)
  const parsed = spawnSync(process.execPath, ['--check', 'first.mjs'], { cwd: project, encoding: 'utf8' })
  assert.equal(parsed.status, 0, parsed.stderr)
  const typed = 'small.embeddings[0] satisfies Int8Array | undefined\ndeclare const secret: string, request: Request'
  writeFileSync(join(project, 'first.mts'), `${first}\n${typed}\n${webhook}`)
  const strict = ['--strict', '--noEmit', '--target', 'es2022', '--module', 'nodenext']
  const types = ['--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types')]
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  const { status, stdout } = spawnSync(process.execPath, [tsc, ...strict, ...types, 'first.mts'], {
    cwd: project,
    encoding: 'utf8'
  })
  assert.equal(status, 0, stdout)
})

test('it has the version of the project, and names the files that its build makes', () => {
  const own = json('clients/typescript/package.json')
  assert.equal(own.version, json('package.json').version)
  assert.deepEqual(own.dependencies ?? {}, {})
  for (const path of Object.values<string>(own.exports['.'])) assert.ok(existsSync(join(out, path)), path)
})
