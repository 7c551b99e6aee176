/** Logging in and uploading, against the real API; a version becomes ready by the tests' hand. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { KAPPA } from '../lab/lab-folder.ts'
import { createWorld, type Line, pressCtrlC, type World } from './kappa.ts'

const skip = await whyNoPostgres()
const world = skip ? (undefined as unknown as World) : await createWorld({ after })
const MIB = 2 ** 20
const PART = 16 * MIB

const finish = (line: Line, patch: object) => world.api.stores.datasets.updateVersion(line.dataset, line.version, patch)
/** What a worker would do. */
const ready = (line: Line) =>
  void (line.type === 'ingesting' && finish(line, { status: 'ready', images: 3, rejected: 1 }))
const memories = () => readdir(join(world.root, 'state/kappa/uploads')).catch(() => [])

async function folderOf(name: string, files: Readonly<Record<string, number>>): Promise<string> {
  const folder = join(world.root, name)
  for (const [file, bytes] of Object.entries(files)) {
    await mkdir(join(folder, file, '..'), { recursive: true })
    await writeFile(join(folder, file), '')
    await truncate(join(folder, file), bytes)
  }
  return folder
}

test('a key is tried, kept for its owner, used without the environment, and removed', { skip }, async () => {
  const { KAPPA_API_KEY: key } = process.env
  delete process.env['KAPPA_API_KEY']
  delete process.env['KAPPA_URL']
  try {
    const refused = await world.kappa(['login', '--url', world.url], { stdin: 'kappa_no_key\n' })
    assert.equal(refused.code, 2)
    assert.match(refused.stderr, /^[^\n]+kappa login takes another key\.\n$/)
    assert.equal((await world.kappa(['runs'])).code, 2)
    const told = await world.json(['login', '--url', `${world.url}/`], { stdin: `${key}\n` })
    const [line] = told.lines
    assert.deepEqual([told.code, line.type, line.url], [0, 'logged_in', world.url])
    assert.equal((await stat(line.file)).mode & 0o777, 0o600)
    assert.ok(!told.stdout.includes(key!))
    assert.equal((await world.kappa(['runs'])).code, 0)
    assert.deepEqual((await world.json(['logout'])).lines[0].removed, true)
    assert.equal((await world.kappa(['runs'])).code, 2)
  } finally {
    Object.assign(process.env, { KAPPA_API_KEY: key, KAPPA_URL: world.url })
  }
})

test('a folder becomes a dataset and a version, and nothing is kept of how it went', { skip }, async () => {
  const folder = await folderOf('photos', { 'cats/a.png': 600, 'dogs/b.png': 700, '.hidden': 5, 'c.png': 1 })
  const told = await world.json(['upload', folder, '--name', 'pets'], { onLine: ready })
  assert.equal(told.code, 0, told.stdout)
  const uploaded = told.lines.find(({ type }) => type === 'uploaded')
  assert.deepEqual([uploaded.file, uploaded.files], ['photos.tar', 3])
  const version = told.lines.at(-1)
  assert.deepEqual([version.type, version.status, version.images, version.rejected], ['version', 'ready', 3, 1])
  const [id] = version.id.split('@')
  assert.equal((await world.api.call('GET', `/v1/datasets/${id}`)).json.name, 'pets')
  assert.deepEqual(await memories(), [])
  const again = await world.json(['upload', folder, '--dataset', id], { onLine: ready })
  assert.equal(again.lines.at(-1).id, `${id}@2`)
})

test('an upload that was killed goes on with the parts that are there', { skip }, async () => {
  const file = join(await folderOf('big', { 'all.tar': PART + 5 }), 'all.tar')
  const words = ['upload', file, '--name', 'big', '--parallel', '1']
  const child = spawn(process.execPath, [KAPPA, ...words, '--json'], { stdio: ['ignore', 'pipe', 'inherit'] })
  for await (const text of createInterface({ input: child.stdout })) {
    const line = JSON.parse(text)
    if (line.type === 'uploading' && line.bytes >= PART) break
  }
  child.kill('SIGKILL')
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  const told = await world.json(words, { onLine: ready })
  assert.equal(told.code, 0, told.stdout)
  const continuing = told.lines[0]
  assert.equal(continuing.type, 'continuing')
  assert.ok(continuing.parts >= 1, JSON.stringify(continuing))
  assert.ok(told.lines.find(({ type }) => type === 'uploading').bytes >= PART)
  assert.ok(!told.lines.some(({ type }) => type === 'dataset'), 'a second dataset was made')
  assert.match(told.lines.at(-1).id, new RegExp(`^${continuing.dataset}@1$`))
})

test('Ctrl-C while the server works leaves it to that, and the same command waits again', { skip }, async () => {
  const folder = await folderOf('left', { 'a.png': 10 })
  const words = ['upload', folder, '--name', 'left']
  const stopped = await world.json(words, { onLine: ({ type }) => type === 'ingesting' && pressCtrlC() })
  assert.equal(stopped.code, 3)
  assert.deepEqual(
    stopped.lines.slice(-2).map(({ type }) => type),
    ['stopping', 'stopped']
  )
  const told = await world.json(words, { onLine: ready })
  assert.equal(told.code, 0)
  assert.deepEqual(
    told.lines.map(({ type }) => type).filter((type) => !['ingesting', 'continuing'].includes(type)),
    ['version']
  )
})

test('other files are another upload, and a dataset that is gone is made anew', { skip }, async () => {
  const folder = await folderOf('changing', { 'a.png': 10 })
  const words = ['upload', folder, '--name', 'changing']
  const stop = ({ type }: Line) => type === 'ingesting' && pressCtrlC()
  const first = await world.json(words, { onLine: stop })
  await folderOf('changing', { 'b.png': 20 })
  const second = await world.json(words, { onLine: stop })
  assert.deepEqual([second.lines[0].type, second.lines[0].reason], ['begun_anew', 'changed'])
  const [one, two] = [first, second].map(({ lines }) => lines.find(({ type }) => type === 'dataset').id)
  assert.notEqual(one, two)
  await world.api.call('DELETE', `/v1/datasets/${two}`)
  const third = await world.json(words, { onLine: ready })
  assert.equal(third.code, 0, third.stdout)
  assert.match(third.lines.find(({ type }) => type === 'begun_anew').reason, /^dataset_(version_)?not_found$/)
})

test('images that cannot be taken are a failure with the reason of the server', { skip }, async () => {
  const folder = await folderOf('bad', { 'a.png': 10 })
  const error = { code: 'dataset_empty', message: 'There is no image.', retryable: false }
  const onLine = (line: Line) => void (line.type === 'ingesting' && finish(line, { status: 'failed', error }))
  const told = await world.json(['upload', folder, '--name', 'bad'], { onLine })
  assert.equal(told.code, 1)
  assert.deepEqual([told.lines.at(-1).status, told.lines.at(-1).error.code], ['failed', 'dataset_empty'])
})

test('what is wrong is one line that names it, and exit code 2', { skip }, async () => {
  const folder = await folderOf('wrong', { 'a.doc': 10, 'empty/.x': 1 })
  for (const [words, line] of [
    [['upload', join(folder, 'none'), '--name', 'x'], /none: there is no such file or folder/],
    [['upload', join(folder, 'empty'), '--name', 'x'], /holds no file to upload/],
    [['upload', folder, '--dataset', 'ds_none'], /no such dataset/i],
    [['upload', join(folder, 'a.doc'), '--name', 'x'], /filename: must name a zip/],
    [['upload', join(folder, 'a.doc'), '--name', ' '], /name/]
  ] as const) {
    const { code, stderr } = await world.kappa(words)
    assert.equal(code, 2, stderr)
    assert.match(stderr, line)
  }
})
