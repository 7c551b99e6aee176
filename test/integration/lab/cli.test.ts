/** The commands as a new user tries them, on a folder of PNG files; their words and fields as docs/cli.md has them. */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { cp, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { decodeSafetensors } from '../../../src/base/safetensors.ts'
import { ENGINES_FOLDER } from '../../../src/engine/xla/installed.ts'
import { INSTALLABLE } from '../../../src/engine/xla/wheels.ts'
import { at, events, failing, json, kappa, only, root, undocumentedFields } from './cli-folder.ts'
import { KAPPA } from './lab-folder.ts'

const LAUNCHER = resolve(import.meta.dirname, '../../../src/bin/kappa.mjs')

test('a folder of images becomes a dataset, a hold-out, a run and a model', async () => {
  assert.deepEqual(
    only('packed').map(({ images, rejected }) => [images, rejected]),
    [
      [40, 1],
      [8, 1]
    ]
  )
  assert.equal(only('step').length, 5)
  assert.deepEqual(only('done').at(-1), { type: 'done', step: 5, reason: 'completed' })
  assert.equal(only('exported').at(-1)?.['folder'], at('out/model'))
  assert.deepEqual((await readdir(at('out'))).sort(), [
    'checkpoints',
    'dataset',
    'evaluation.jsonl',
    'held-out',
    'metrics.jsonl',
    'model',
    'run.json',
    'trained-with.json'
  ])
})

test('people read the same on stderr, without control characters where there is no terminal', async () => {
  const places = ['--images', at('images'), '--out', at('people'), '--recipe', at('recipe.json')]
  const { stdout, stderr } = await kappa('train', ...places, '--no-export', '--threads', '1')
  assert.equal(stdout, '')
  assert.match(stderr, /packed 48 images .* 1 left out.*rejected\.jsonl says why/)
  assert.match(stderr, /48 images, .* 6 steps/)
  assert.match(stderr, /^done after 6 steps$/m)
  assert.ok(!stderr.includes('\u001b') && !stderr.includes('\r'))
})

test('kappa knn compares labels by name, so that queries may lack a class', async () => {
  const [model, k] = [
    ['--model', at('out/model')],
    ['--k', '1', '--threads', '1']
  ]
  const result = (await json('knn', ...model, '--bank', at('images'), '--queries', at('out/held-out'), ...k)).at(-1)!
  assert.deepEqual([result['top1'], result['classes'], result['bank'], result['queries']], [1, 4, 48, 8])
  const all = ['--bank', at('images'), '--queries', at('out/held-out'), '--k', '1000000000', '--threads', '1']
  assert.equal((await json('knn', '--model', at('out/model'), ...all)).at(-1)?.['k'], 48)
  await mkdir(at('few/class-3'), { recursive: true })
  await writeFile(at('few/class-3/a.png'), await readFile(at('images/class-3/3.png')))
  await writeFile(at('few/class-3/b.png'), await readFile(at('images/class-3/7.png')))
  const { stdout } = await kappa('knn', ...model, '--bank', at('images'), '--queries', at('few'), ...k)
  assert.equal(stdout, 'k-NN top-1: 100.0 %, 100.0 to 100.0 with 95 %  (k = 1, 2 queries, bank of 48)\n')
})

test('kappa knn lets no image vote for itself, be the queries the same folder, a link to it or a copy', async () => {
  await symlink(at('images'), at('link-to-images'))
  await cp(at('images'), at('copy-of-images'), { recursive: true })
  const results = await Promise.all(
    ['images', 'link-to-images', 'copy-of-images'].map(async (queries) => {
      const places = ['--model', at('out/model'), '--bank', at('images'), '--queries', at(queries)]
      return (await json('knn', ...places, '--k', '100', '--threads', '1')).at(-1)!
    })
  )
  for (const result of results) {
    assert.deepEqual([result['leave_one_out'], result['k'], result['queries']], [true, 47, 48])
    assert.deepEqual(result, results[0])
  }
})

test('kappa embed writes what NumPy, safetensors and jq read, row by row the same', async () => {
  const embed = (out: string) => json('embed', '--model', at('out/model'), '--images', at('images'), '--out', at(out))
  const embedded = (await embed('vectors/a.npy')).at(-1)!
  assert.deepEqual([embedded['images'], embedded['unusable'], embedded['dimensions']], [48, 1, 32])
  await embed('vectors/a2.safetensors')
  await embed('vectors/a3.jsonl')
  const npy = await readFile(at('vectors/a.npy'))
  assert.equal(npy.length, 128 + 48 * 32 * 4)
  const head = npy.subarray(0, 128).toString('latin1')
  assert.ok(head.startsWith('\x93NUMPY\x01\x00v\x00'), 'magic, version and length')
  assert.match(head.slice(10), /^\{'descr': '<f4', 'fortran_order': False, 'shape': \(48, 32\), \} *\n$/)
  const numbers = new Float32Array(npy.buffer.slice(npy.byteOffset + 128, npy.byteOffset + npy.length))
  const { tensors } = decodeSafetensors(await readFile(at('vectors/a2.safetensors')))
  assert.deepEqual(tensors.get('embeddings'), { shape: [48, 32], data: numbers })
  const linesOf = async (name: string) =>
    (await readFile(at(name), 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
  const rows = await linesOf('vectors/a3.jsonl')
  assert.deepEqual(Float32Array.from(rows.flatMap(({ embedding }) => embedding)), numbers)
  const names = await linesOf('vectors/a.images.jsonl')
  assert.deepEqual(
    names,
    rows.map(({ name, label }, row) => ({ row, name, label }))
  )
  assert.deepEqual(names[0], { row: 0, name: 'class-0/0.png', label: 'class-0' })
  assert.deepEqual(
    (await readdir(at('vectors'))).filter((name) => name.endsWith('.partial')),
    []
  )
})

test('kappa export makes the model of a run, the one that training made', async () => {
  await json('export', '--run', at('out'), '--out', at('again'), '--threads', '1')
  for (const name of ['backbone.safetensors', 'embed.onnx', 'prototypes.json']) {
    assert.deepEqual(await readFile(at(`again/${name}`)), await readFile(at(`out/model/${name}`)), name)
  }
})

test('kappa doctor and kappa engine list name the engines', async () => {
  for (const words of [['doctor'], ['engine', 'list']]) {
    const [report] = await json(...words, '--threads', '1')
    assert.equal(report?.['type'], 'engines')
  }
})

const plugin = join(ENGINES_FOLDER, 'xla-cpu', INSTALLABLE['xla-cpu'].plugin)
const whyNotInstalled = existsSync(plugin) ? false : 'kappa engine install xla-cpu was not run'

test('an engine that is installed is not brought again', { skip: whyNotInstalled }, async () => {
  const [report] = await json('engine', 'install', 'xla-cpu')
  assert.deepEqual([report?.['type'], report?.['plugin'], report?.['is_new']], ['installed', plugin, false])
})

test('what the commands cannot do they say by name, with exit code 2', async () => {
  const model = ['--model', at('out/model')]
  await mkdir(at('strangers/other'), { recursive: true })
  await writeFile(at('strangers/other/a.png'), await readFile(at('images/class-3/3.png')))
  const cases: [args: string[], reason: RegExp][] = [
    [['fly'], /no command fly/],
    [['embed', '--modell', 'x'], /--modell/],
    [['embed', ...model, '--images', at('images'), '--out', at('x.csv')], /--out must end with \.npy/],
    [['embed', ...model, '--images', at('none'), '--out', at('x.npy')], /--images .*none: there is no such/],
    [['embed', ...model, '--images', at('images/notes.txt'), '--out', at('x.npy')], /notes\.txt/],
    [['embed', '--model', at('out'), '--images', at('images'), '--out', at('x.npy')], /--model .*out holds no model/],
    [['embed', ...model, '--images', at('images'), '--out', at('recipe.json')], /--out must end/],
    [['knn', ...model, '--bank', at('images/class-0'), '--queries', at('images')], /vote with labels, and .* has none/],
    [['knn', ...model, '--bank', at('strangers'), '--queries', at('images')], /bank and queries share.* none/],
    [['knn', ...model, '--bank', at('images'), '--queries', at('images'), '--k', '0'], /--k must be 1 or more/],
    [['export', '--run', at('images'), '--out', at('x')], /--run .*images has no checkpoint/],
    [['doctor', '--threads', 'all'], /--threads must be a whole number/]
  ]
  for (const [args, reason] of cases) {
    const { code, stderr } = await failing(...args)
    assert.deepEqual([args.join(' '), code], [args.join(' '), 2])
    assert.match(stderr, reason)
  }
  await assert.rejects(stat(at('x.npy')))
})

/** Sends the signal when the first batch is told, and returns the exit code. */
async function stopped(signal: NodeJS.Signals, ...args: string[]): Promise<number> {
  const child = spawn(process.execPath, [KAPPA, ...args, '--json', '--threads', '1'], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  child.stdout.once('data', () => child.kill(signal))
  child.stdout.resume()
  const [code] = await once(child, 'close')
  return code
}

test('Ctrl-C and SIGTERM end embed, knn and evaluate between two batches, and nothing is left of their files', async () => {
  await mkdir(at('many/links'), { recursive: true })
  for (let i = 0; i < 6_000; i++) await symlink(at(`images/class-${i % 4}/${i % 48}.png`), at(`many/links/${i}.png`))
  const model = ['--model', at('out/model')]
  for (const format of ['npy', 'safetensors', 'jsonl']) {
    const code = await stopped('SIGINT', 'embed', ...model, '--images', at('many'), '--out', at(`stopped/v.${format}`))
    assert.deepEqual([code, await readdir(at('stopped'))], [130, []])
  }
  assert.equal(await stopped('SIGTERM', 'knn', ...model, '--bank', at('many'), '--queries', at('many')), 143)
  const out = ['--out', at('stopped/evaluations.jsonl')]
  assert.equal(await stopped('SIGINT', 'evaluate', ...model, '--bank', at('many'), ...out), 130)
  assert.deepEqual(await readdir(at('stopped')), [])
})

test('links are followed, and those that cannot be are named', async () => {
  await mkdir(at('linked/class-9'), { recursive: true })
  const links = {
    'class-0': at('images/class-0'),
    'class-9/one.png': at('images/class-1/1.png'),
    'class-9/nothing.png': at('nothing.png'),
    'class-9/loop.png': 'loop.png',
    'class-9/up': '..',
    'class-9/again': at('images/class-0'),
    'class-9/all': at('images')
  }
  for (const [name, target] of Object.entries(links)) await symlink(target, at(`linked/${name}`))
  await symlink(at('linked'), at('link-to-linked'))
  const lines = await json(
    'embed',
    '--model',
    at('out/model'),
    '--images',
    at('link-to-linked'),
    '--out',
    at('linked.jsonl')
  )
  assert.deepEqual(
    lines
      .filter(({ type }) => type === 'unusable')
      .map(({ name, message }) => `${name}: ${message}`.replaceAll(`${root}/`, '')),
    [
      'class-9/again: The link leads to images/class-0, and images/class-0 is read already.',
      'class-9/all: The link leads to images, and images/class-0 is read already.',
      'class-9/loop.png: The link leads in a circle.',
      'class-9/nothing.png: The link leads to nothing.',
      'class-9/up: The link leads to linked, and linked is read already.'
    ]
  )
  assert.equal(lines.at(-1)?.['images'], 13)
})

test('a file of embeddings that is there already is not overwritten', async () => {
  await writeFile(at('kept.npy'), 'precious')
  const args = ['embed', '--model', at('out/model'), '--images', at('images'), '--out', at('kept.npy')]
  assert.match((await failing(...args)).stderr, /kept\.npy is there already/)
  assert.equal(await readFile(at('kept.npy'), 'utf8'), 'precious')
})

test('every command has its help, on stdout with exit code 0, also through the launcher', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [LAUNCHER, 'help'])
  const commands = [...stdout.matchAll(/^ {2}kappa ([\w-]+)/gm)].map((match) => match[1]!)
  assert.deepEqual(commands.slice(0, 7), ['train', 'presets', 'export', 'import', 'embed', 'knn', 'evaluate'])
  for (const command of commands)
    assert.match((await kappa(command, '--help')).stdout, new RegExp(`kappa ${command}\\b`))
})

test('docs/cli.md has every field of every line that --json printed here', async () => {
  assert.deepEqual(await undocumentedFields(), [])
  assert.ok(new Set(events.map(({ type }) => type)).size >= 12, 'hardly any event was seen')
})
