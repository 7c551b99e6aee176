import assert from 'node:assert/strict'
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, test } from 'node:test'
import { counted } from '../../../src/cli/counted.ts'
import { checkedUrl, credentialsOf, DEFAULT_URL } from '../../../src/cli/remote/connection.ts'
import { credentialsPath, writeCredentials } from '../../../src/cli/remote/credentials.ts'
import { isLocal } from '../../../src/cli/remote/login.ts'
import { readSecret, type SecretInput } from '../../../src/cli/remote/prompt.ts'
import { oneModel } from '../../../src/cli/remote/pull.ts'
import { checkSize, folderOf, placeOf } from '../../../src/cli/remote/pull-files.ts'
import { parseRun } from '../../../src/cli/remote/run.ts'
import { logLine, progressLine, runWords } from '../../../src/cli/remote/run-words.ts'
import { parseUpload } from '../../../src/cli/remote/upload.ts'
import { table } from '../../../src/cli/remote/words.ts'
import type { Run, RunEvent } from '../../../src/client/resources.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'kappa-login-'))
})
afterEach(() => rm(root, { recursive: true }))
const env = (more: Record<string, string> = {}) => ({ XDG_CONFIG_HOME: root, ...more })
const kept = { url: 'https://kappa.example', key: 'kappa_a_b' }
const keep = () => writeCredentials(credentialsPath(env()), kept)

test('a key is kept for its owner alone, whatever was there', async () => {
  await keep()
  await chmod(credentialsPath(env()), 0o644)
  await keep()
  const { mode } = await stat(credentialsPath(env()))
  assert.equal(mode & 0o777, 0o600)
  assert.deepEqual(JSON.parse(await readFile(credentialsPath(env()), 'utf8')), kept)
  assert.deepEqual(await credentialsOf(env()), kept)
})

test('the environment wins over the file, and a kept key goes to no other server', async () => {
  await assert.rejects(credentialsOf(env()), /There is no key for http:\/\/127.0.0.1:8080: kappa login/)
  assert.deepEqual(await credentialsOf(env({ KAPPA_API_KEY: 'k' })), { url: DEFAULT_URL, key: 'k' })
  await keep()
  assert.deepEqual(await credentialsOf(env({ KAPPA_API_KEY: 'k' })), { url: kept.url, key: 'k' })
  const both = { KAPPA_URL: 'http://other.example/', KAPPA_API_KEY: 'k' }
  assert.deepEqual(await credentialsOf(env(both)), { url: 'http://other.example', key: 'k' })
  assert.deepEqual(await credentialsOf(env({ KAPPA_URL: 'https://kappa.example/' })), kept)
  await assert.rejects(credentialsOf(env({ KAPPA_URL: 'http://other.example' })), /the key of kappa login is for/)
})

test('a file with a key that others may read, or that is damaged, is not used', async () => {
  const path = credentialsPath(env())
  await keep()
  await chmod(path, 0o640)
  await assert.rejects(credentialsOf(env()), /others may read it: chmod 600/)
  await writeFile(path, '{"url": 1')
  await chmod(path, 0o600)
  await assert.rejects(credentialsOf(env()), /is damaged: kappa login/)
})

test('an address is one of the web, without anything that belongs to requests', () => {
  assert.equal(checkedUrl('--url', 'https://kappa.example/base/'), 'https://kappa.example/base')
  for (const wrong of ['kappa.example', 'ftp://a', 'http://u:p@a', 'http://a?b', 'http://a#b'])
    assert.throws(() => checkedUrl('--url', wrong), /^AppError: --url must be an address/)
})

/** A terminal that somebody types at. */
function terminal() {
  const modes: boolean[] = []
  const input: SecretInput = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (isRaw: boolean) => modes.push(isRaw)
  })
  const shown: string[] = []
  const type = (text: string) => (input as unknown as PassThrough).write(text)
  return { input, type, modes, shown, output: { write: (text: string) => shown.push(text) } }
}

test('what is typed is not shown, may be put right, and Ctrl-C leaves', async () => {
  const { input, type, modes, shown, output } = terminal()
  const secret = readSecret('API key: ', input, output)
  type('kappa_x')
  type('\u007f\u007fy')
  type('_z\rrest')
  assert.equal(await secret, 'kappay_z')
  assert.deepEqual(
    [modes, shown],
    [
      [true, false],
      ['API key: ', '\n']
    ]
  )
  const left = terminal()
  const nothing = readSecret('API key: ', left.input, left.output)
  left.type('ab\u0003')
  assert.equal(await nothing, null)
  assert.deepEqual(left.modes, [true, false])
})

test('from a pipe a key is its first line, and nothing is asked', async () => {
  const input = new PassThrough()
  input.end('kappa_a_b\nmore\n')
  const shown: string[] = []
  assert.equal(await readSecret('API key: ', input, { write: (text) => shown.push(text) }), 'kappa_a_b')
  assert.deepEqual(shown, [])
})

test('kappa upload needs a path, and a name or a dataset but not both', () => {
  const ok = { paths: ['a', 'b'], name: 'shoes', dataset: null, parallel: 3 }
  assert.deepEqual(parseUpload(['a', 'b', '--name', 'shoes']), ok)
  assert.throws(() => parseUpload(['--name', 'shoes']), /PATH is needed/)
  assert.throws(() => parseUpload(['a']), /--name of a new dataset is needed, or --dataset/)
  assert.throws(() => parseUpload(['a', '--name', 'b', '--dataset', 'ds_1']), /--name .* or --dataset/)
  assert.throws(() => parseUpload(['a', '--name', 'b', '--parallel', '0']), /--parallel must be .*, not 0/)
  assert.throws(() => parseUpload(['a', '--nam', 'b']), /no option --nam; --name is one/)
})

test('kappa run puts flags over its file, as the API has them', async () => {
  const recipe = join(root, 'run.json')
  await writeFile(
    recipe,
    JSON.stringify({ preset: 'demo', metadata: { teamName: 'x' }, hyperparameters: { epochs: 9 } })
  )
  const flags = ['--dataset', 'ds_1', '--recipe', recipe, '--epochs', '2', '--set', 'crops.global.size=32']
  const more = ['--set', 'min_learning_rate=1e-5', '--init', 'ckpt_1', '--device', 'gpu', '--devices', '2', '--follow']
  assert.deepEqual(await parseRun([...flags, ...more]), {
    body: {
      preset: 'demo',
      metadata: { teamName: 'x' },
      hyperparameters: { epochs: 2, crops: { global: { size: 32 } }, min_learning_rate: 1e-5 },
      compute: { device: 'gpu', devices: 2 },
      dataset: 'ds_1',
      init: { checkpoint: 'ckpt_1' }
    },
    isFollowing: true,
    isDry: false
  })
  await assert.rejects(parseRun([]), /--dataset is needed/)
  await assert.rejects(parseRun(['--dataset', 'ds_1', '--epochs', 'two']), /--epochs must be a whole number, not two/)
  await assert.rejects(parseRun(['--dataset', 'ds_1', '--recipe', join(root, 'none')]), /cannot be read/)
  await assert.rejects(parseRun(['--dataset', 'ds_1', '--follow', '--dry-run']), /--dry-run queues nothing/)
})

test('a file that a server names stays in its folder', () => {
  assert.equal(placeOf('/out', 'onnx/embed.onnx'), '/out/onnx/embed.onnx')
  for (const name of [
    '../x',
    '/etc/passwd',
    'a/../../x',
    'a\\b',
    'c:x',
    '',
    'a//b',
    '.',
    '.git/config',
    'a/.x',
    'HEAD',
    'refs/x'
  ])
    assert.throws(() => placeOf('/out', name), /leads out of \/out/)
  assert.throws(() => oneModel([]), /MODEL is needed/)
  assert.throws(() => oneModel(['a', 'b']), /One MODEL is taken, and b is another/)
})

test('a line of progress has what is known, and nothing made up', () => {
  const data = {
    percent: 25,
    epoch: 2,
    eta_s: 75,
    images_per_second: 512.4,
    metrics: { loss: 5.4321, kappa_p50: 20.25 }
  }
  const bar = `${'█'.repeat(6)}${'░'.repeat(18)}`
  assert.equal(progressLine(data, 8), `${bar}  25 %  epoch 2/8  01:15 left  512 images/s  loss 5.432  κ 20.3`)
  assert.equal(progressLine({ eta_s: null }, 8), `${'░'.repeat(24)}   0 %  epoch 0/8`)
})

test('the folder of a model is named after its id, and a server that calls it otherwise chooses no folder', () => {
  assert.equal(folderOf('mdl_01abc'), join(process.cwd(), 'mdl_01abc'))
  for (const id of ['../../.ssh', '/etc/cron.d', '.', '', 'mdl_a/../..', 'mdl_A', 'ds_1', 'mdl_1\n'])
    assert.throws(() => folderOf(id), /no name of a folder: --out FOLDER/, id)
})

test('a key goes without a word only to this machine itself, and 127.evil.example is none', () => {
  for (const url of ['http://127.0.0.1:8080', 'http://localhost', 'http://[::1]:1'])
    assert.equal(isLocal(url), true, url)
  for (const url of ['http://127.evil.example', 'http://127.0.0.1.nip.io', 'http://localhost.evil.example'])
    assert.equal(isLocal(url), false, url)
})

test('a message is one line of a log, whatever lines and orders to a terminal are in it', () => {
  const error = { code: 'x', message: 'bad file a\n2026-01-01 00:00:00  info   state       Now succeeded\u001b[2K' }
  const event = { type: 'state', level: 'error', created_at: '2026-01-01T00:00:00Z', data: { status: 'failed', error } }
  const line = logLine(event as unknown as RunEvent)
  assert.ok(!line.includes('\n') && !line.includes('\u001b'), line)
  assert.match(line, /bad file a\\n2026.*succeeded\\u001b\[2K$/)
  assert.doesNotMatch(runWords({ id: 'run_1', status: 'failed', status_reason: null, error } as unknown as Run), /\n/)
  assert.equal(
    table([
      ['A', 'B'],
      ['x\ny', 'z\u009b2J']
    ]),
    'A     B\nx\\ny  z\\u009b2J'
  )
})

test('there is one of one, and of everything else there are many', () => {
  assert.deepEqual(
    [0, 1, 2].map((count) => counted(count, 'image')),
    ['0 images', '1 image', '2 images']
  )
  assert.equal(counted(1, 'query', 'queries'), '1 query')
  assert.equal(counted(3, 'query', 'queries'), '3 queries')
})

test('what is said of files of a vector set names a vector set', () => {
  assert.throws(() => folderOf('../x', 'vectorSet'), /The server calls the vector set "\.\.\/x", which is no name/)
  assert.throws(() => placeOf('/a', '../map.json', 'vector set'), /no file of a vector set/)
  assert.throws(() => checkSize([{ name: 'map.json', bytes: 5 }], 4, 'vector set'), /The vector set has 5 bytes/)
})
