/** Engines of a few bytes, installed as the large ones are, by everything that can go wrong on the way. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { promisify } from 'node:util'
import { isAppError } from '../../../../src/base/errors.ts'
import { install } from '../../../../src/engine/xla/install.ts'
import { readManifest, whyNotInstalled } from '../../../../src/engine/xla/installed.ts'
import type { Installable } from '../../../../src/engine/xla/wheels.ts'
import { type FakeWheel, fakeEngine, fakePython, textFile } from '../../../helpers/wheels.ts'

const PLUGIN: FakeWheel = {
  name: 'plugin',
  kept: ['plugin.so'],
  below: 'some_package/',
  files: [textFile('some_package/plugin.so'), textFile('some_package/__init__.py')]
}
const LIBRARY: FakeWheel = { name: 'library', kept: ['lib/a/b.so'], files: [textFile('lib/a/b.so'), textFile('lib/c')] }

const PATH = process.env['PATH']
let root: string
let wheelsFolder: string
let folder: string
let engine: Installable
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'kappa-install-'))
})
beforeEach(async () => {
  process.env['PATH'] = PATH
  const place = await mkdtemp(join(root, 'test-'))
  wheelsFolder = join(place, 'wheels')
  folder = join(place, 'engines/xla-fake')
  engine = await fakeEngine(wheelsFolder, [PLUGIN, LIBRARY])
})
after(() => rm(root, { recursive: true }))

const filesBelow = async (path: string): Promise<string[]> =>
  (await readdir(path, { recursive: true, withFileTypes: true }))
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name).slice(path.length + 1))
    .sort()

/** Nothing but what was there, unfinished folders included. */
async function leavesNothing(work: () => Promise<unknown>, expected: Parameters<typeof assert.rejects>[1]) {
  await assert.rejects(work, expected)
  assert.deepEqual(await filesBelow(join(folder, '..')).catch(() => []), [])
}

const says =
  (code: string, ...parts: RegExp[]) =>
  (error: unknown) =>
    isAppError(error) && error.code === code && parts.every((part) => part.test(error.message))

test('an engine is the files of its wheels that are kept, and a manifest of them', async () => {
  assert.equal(await install(engine, { folder, wheelsFolder }), true)
  assert.deepEqual(await filesBelow(join(folder, '..')), [
    'xla-fake/engine.json',
    'xla-fake/lib/a/b.so',
    'xla-fake/plugin.so'
  ])
  assert.equal(await readFile(join(folder, 'plugin.so'), 'utf8'), 'some_package/plugin.so')
  const { wheels, files } = (await readManifest(folder))!
  assert.deepEqual(
    wheels.map(({ name, version }) => [name, version]),
    [
      ['plugin', '1.0'],
      ['library', '1.0']
    ]
  )
  assert.deepEqual(files.at(-1), { path: 'lib/a/b.so', bytes: 10 })
})

test('an engine that is there whole is left alone; one that was damaged or is of other versions is made again', async () => {
  await install(engine, { folder, wheelsFolder })
  const { ino } = await stat(folder)
  assert.equal(await install(engine, { folder, wheelsFolder: 'nowhere' }), false)
  assert.equal((await stat(folder)).ino, ino)
  await truncate(join(folder, 'plugin.so'), 3)
  assert.match((await whyNotInstalled(engine, folder))!, /plugin\.so of xla-fake is damaged/)
  assert.equal(await install(engine, { folder, wheelsFolder }), true)
  const next = await fakeEngine(wheelsFolder, [PLUGIN], '2.0')
  assert.match((await whyNotInstalled(next, folder))!, /installed from other wheels than are pinned here/)
  assert.equal(await install(next, { folder, wheelsFolder }), true)
  assert.deepEqual(await filesBelow(join(folder, '..')), ['xla-fake/engine.json', 'xla-fake/plugin.so'])
})

test('pip is asked for one pinned wheel after the other, for the platform that its name has', async () => {
  const bin = await fakePython(join(root, 'bin'), `cp "${wheelsFolder}"/\${wanted%==*}-*.whl "$dest"`)
  process.env['PATH'] = `${bin}:${PATH}`
  const told: string[] = []
  const onWheel: NonNullable<Parameters<typeof install>[1]['onWheel']> = ({ name }, number) =>
    told.push(`${number} ${name}`)
  assert.equal(await install(engine, { folder, onWheel }), true)
  assert.deepEqual(told, ['1 plugin', '2 library'])
  assert.deepEqual(await filesBelow(folder), ['engine.json', 'lib/a/b.so', 'plugin.so'])
  const calls = (await readFile(join(bin, 'calls'), 'utf8')).trimEnd().split('\n')
  const words =
    /^-m pip download .*--no-deps --only-binary=:all: .*--platform manylinux2014_x86_64 --dest \S+ \w+==1\.0$/
  assert.deepEqual(
    calls.map((call) => words.test(call)),
    [true, true]
  )
})

test('where pip cannot bring a wheel, the sentence says why and which files to bring in another way', async () => {
  const names = engine.wheels.map(({ file }) => file)
  for (const [script, reason] of [
    [null, /there is no python3/],
    ['echo "/usr/bin/python3: No module named pip" >&2; exit 1', /python3 has no pip/],
    [
      'echo "WARNING: slow" >&2; echo "ERROR: No matching distribution." >&2; exit 1',
      /pip says: No matching distribution\./
    ],
    ['exit 3', /pip says: it says nothing/]
  ] as const) {
    const bin = await fakePython(await mkdtemp(join(root, 'bin-')), script ?? '')
    if (script === null) await rm(join(bin, 'python3'))
    process.env['PATH'] = script === null ? bin : `${bin}:${PATH}`
    await leavesNothing(
      () => install(engine, { folder }),
      (error: unknown) => {
        assert.ok(
          says('engine_unavailable', reason, /kappa engine install xla-fake --wheels FOLDER/)(error),
          String(error)
        )
        assert.deepEqual(isAppError(error) && error.details.errors?.map(({ path }) => path), names)
        return true
      }
    )
  }
})

test('a wheel that pip calls by another name is not taken for the pinned one', async () => {
  process.env['PATH'] = `${await fakePython(join(root, 'odd'), 'touch "$dest/other.whl"')}:${PATH}`
  await leavesNothing(() => install(engine, { folder }), says('archive_invalid', /plugin-1\.0.*\.whl is not in /))
})

test('wheels that a folder lacks are named, all at once', async () => {
  await rm(join(wheelsFolder, engine.wheels[1]!.file))
  await leavesNothing(
    () => install(engine, { folder, wheelsFolder }),
    (error: unknown) => {
      assert.ok(says('invalid_request', /lacks 1 of the 2 wheels of xla-fake/)(error), String(error))
      assert.deepEqual(isAppError(error) && error.details.errors?.map(({ path }) => path), [engine.wheels[1]!.file])
      return true
    }
  )
})

test('a wheel that was tampered with, cut or made longer is not unpacked', async () => {
  const path = join(wheelsFolder, engine.wheels[1]!.file)
  const content = await readFile(path)
  for (const [bytes, reason] of [
    [
      Buffer.concat([content.subarray(0, -1), Buffer.from([content.at(-1)! ^ 1])]),
      /has the SHA-256 \w{64}, and the pinned/
    ],
    [content.subarray(0, 100), /has 100 bytes, and the pinned one has/],
    [Buffer.concat([content, content]), /bytes, and the pinned one has/],
    [Buffer.alloc(0), /has 0 bytes/]
  ] as const) {
    await writeFile(path, bytes)
    await leavesNothing(() => install(engine, { folder, wheelsFolder }), says('archive_invalid', reason))
  }
})

test('even of a pinned wheel no link and no name that leaves the folder is unpacked', async () => {
  const cases: [files: FakeWheel['files'], reason: RegExp][] = [
    [[textFile('../out.so'), textFile('plugin.so')], /invalid relative path: \.\.\/out\.so/],
    [[textFile('a/../../out.so'), textFile('plugin.so')], /invalid relative path/],
    [[textFile('/tmp/out.so'), textFile('plugin.so')], /absolute path/],
    [[textFile('a\\..\\out.so'), textFile('plugin.so')], /invalid characters/],
    [[{ ...textFile('plugin.so', '/etc/passwd'), type: 'symlink' }], /has plugin\.so, which is a link or no file/],
    [[{ ...textFile('lib', '/etc'), type: 'symlink' }, textFile('plugin.so')], /has lib, which is a link/],
    [[textFile('plugin.so'), textFile('plugin.so', 'another')], /has plugin\.so twice/],
    [[textFile('plugin.py')], /has no plugin\.so/],
    [[{ ...textFile('plugin.so'), isEncrypted: true }], /cannot be unpacked: .*encrypted/]
  ]
  for (const [files, reason] of cases) {
    const odd = await fakeEngine(wheelsFolder, [{ name: 'odd', kept: ['plugin.so'], files }])
    await leavesNothing(() => install(odd, { folder, wheelsFolder }), says('archive_invalid', reason))
  }
})

test('what is no zip is said to be none', async () => {
  const content = Buffer.from('no zip')
  const { createHash } = await import('node:crypto')
  const [wheel] = engine.wheels
  await writeFile(join(wheelsFolder, wheel!.file), content)
  const sha256 = createHash('sha256').update(content).digest('hex')
  const odd = { ...engine, wheels: [{ ...wheel!, bytes: content.length, sha256 }] }
  await leavesNothing(() => install(odd, { folder, wheelsFolder }), says('archive_invalid', /cannot be unpacked/))
})

test('a folder of somebody is not replaced', async () => {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'thesis.txt'), 'precious')
  const expected = says('invalid_request', /xla-fake is there already, and no engine was installed in it/)
  await assert.rejects(install(engine, { folder, wheelsFolder }), expected)
  assert.deepEqual(await filesBelow(join(folder, '..')), ['xla-fake/thesis.txt'])
  await rm(join(folder, 'thesis.txt'))
  assert.equal(await install(engine, { folder, wheelsFolder }), true)
})

test('several installations at once all end well, in one process and in several', async () => {
  const together = await Promise.all([1, 2, 3].map(() => install(engine, { folder, wheelsFolder })))
  assert.deepEqual(together, [true, true, true])
  await truncate(join(folder, 'plugin.so'), 3)
  await Promise.all([1, 2, 3].map(() => inChild('')))
  assert.equal(await whyNotInstalled(engine, folder), null)
  assert.deepEqual(await readdir(join(folder, '..')), ['xla-fake'])
})

test('an installation that is killed leaves no engine, and the next one removes what is left of it', async () => {
  await assert.rejects(inChild("process.kill(process.pid, 'SIGKILL')"), { signal: 'SIGKILL' })
  assert.match((await whyNotInstalled(engine, folder))!, /xla-fake is not installed/)
  assert.deepEqual(await readdir(join(folder, '..')), ['.unfinished'])
  assert.equal(await install(engine, { folder, wheelsFolder }), true)
  assert.deepEqual(await readdir(join(folder, '..')), ['xla-fake'])
})

test('one that is stopped leaves nothing', async () => {
  const stop = new AbortController()
  const onWheel = (_: unknown, number: number) => number === 2 && stop.abort(new Error('stopped'))
  const stopped = () => install(engine, { folder, wheelsFolder, signal: stop.signal, onWheel })
  await leavesNothing(stopped, /stopped/)
})

/** Installs in another process. @param onSecond JavaScript that is run there between the two wheels */
const inChild = (onSecond: string) => {
  const source = resolve(import.meta.dirname, '../../../../src/engine/xla/install.ts')
  const onWheel = `(_, number) => { if (number === 2) { ${onSecond} } }`
  const options = `{ folder: ${JSON.stringify(folder)}, wheelsFolder: ${JSON.stringify(wheelsFolder)}, onWheel: ${onWheel} }`
  const code = `import { install } from ${JSON.stringify(source)}; await install(${JSON.stringify(engine)}, ${options})`
  return promisify(execFile)(process.execPath, ['--input-type=module', '-e', code])
}
