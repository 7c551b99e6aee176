/** The commands as a new user tries them, on a folder of PNG files; their words and fields as docs/cli.md has them. */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import sharp from 'sharp'
import { decodeSafetensors } from '../../../src/base/safetensors.ts'
import { ENGINES_FOLDER } from '../../../src/engine/xla/installed.ts'
import { INSTALLABLE } from '../../../src/engine/xla/wheels.ts'
import { METRIC_NAMES } from '../../../src/protocol/metrics.ts'
import { muRecipe } from '../../helpers/mu-recipe.ts'
import { barImage } from '../../helpers/tiny-dataset.ts'
import { type Answer, createCaller } from './kappa-calls.ts'
import { KAPPA } from './lab-folder.ts'

const DOCUMENT = resolve(import.meta.dirname, '../../../docs/cli.md')
const LAUNCHER = resolve(import.meta.dirname, '../../../src/bin/kappa.mjs')

/** Exit code and what was printed, whatever it is. */
const failing = createCaller()

async function kappa(...args: string[]): Promise<Answer> {
  const answer = await failing(...args)
  assert.equal(answer.code, 0, `kappa ${args.join(' ')}: ${answer.stderr}`)
  return answer
}

let root: string
const at = (name: string) => join(root, name)
/** Lines that the commands printed with --json. */
const events: Record<string, unknown>[] = []

async function json(...args: string[]): Promise<Record<string, unknown>[]> {
  const { stdout, stderr } = await kappa(...args, '--json')
  assert.equal(stderr, '')
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  events.push(...lines)
  return lines
}

/** 48 PNG files in class folders, a file that is no image, and a run of 5 steps with its model. */
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'kappa-cli-'))
  for (let index = 0; index < 48; index++) {
    const folder = at(`images/class-${index % 4}`)
    await mkdir(folder, { recursive: true })
    const raw = { width: 12, height: 12, channels: 1 } as const
    await sharp(barImage(index, index % 4), { raw })
      .png()
      .toFile(join(folder, `${index}.png`))
  }
  await writeFile(at('images/notes.txt'), 'no image')
  await writeFile(at('recipe.json'), JSON.stringify(muRecipe({ epochs: 1, freezeLastLayerEpochs: 0 })))
  const places = ['--images', at('images'), '--out', at('out'), '--recipe', at('recipe.json')]
  await json('train', ...places, '--hold-out', '6', '--threads', '1', '--loaders', '0')
})
after(() => rm(root, { recursive: true }))

const only = (type: string) => events.filter((event) => event['type'] === type)

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

test('kappa evaluate measures all that images and model allow, and says with which settings', async () => {
  const places = ['--model', at('out/model'), '--bank', at('images'), '--queries', at('out/held-out')]
  const lines = await json('evaluate', ...places, '--k', '1,5', '--draws', '3', '--out', at('evaluations.jsonl'))
  const evaluations = lines.filter(({ type }) => type === 'evaluation')
  const names = evaluations.map(({ protocol }) => protocol)
  // Eight held-out images are too few for the intervals of the two that are about prototypes.
  assert.deepEqual(names, ['knn', 'logistic', 'few_shot', 'retrieval', 'label_free'])
  assert.deepEqual(
    lines.filter(({ type }) => type === 'left_out').map(({ protocol }) => protocol),
    ['clustering', 'prototypes']
  )
  const [knn] = evaluations as { [key: string]: unknown; metrics: object }[]
  assert.deepEqual(Object.keys(knn!.metrics), ['top1_k1', 'top5_k1', 'top1_k5', 'top5_k5'])
  assert.deepEqual([knn!['bank'], knn!['queries'], knn!['dimensions']], [48, 8, 32])
  const written = (await readFile(at('evaluations.jsonl'), 'utf8')).trimEnd().split('\n')
  assert.deepEqual(
    written.map((line) => JSON.parse(line)),
    evaluations
  )
})

test('kappa evaluate without queries judges each image without itself, twice with the same numbers', async () => {
  const words = ['evaluate', '--model', at('out/model'), '--bank', at('images'), '--threads', '1', '--draws', '2']
  const evaluations = (await json(...words)).filter(({ type }) => type === 'evaluation')
  assert.equal(evaluations.length, 7)
  assert.equal((evaluations[0]!['settings'] as Record<string, unknown>)['leave_one_out'], true)
  const again = await kappa(...words, '--protocol', 'knn,clustering', '--json')
  const lines = again.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual(
    lines.filter(({ type }) => type === 'evaluation'),
    evaluations.filter(({ protocol }) => protocol === 'knn' || protocol === 'clustering')
  )
})

test('kappa evaluate says how likely images are, and how far two models assign them alike', async () => {
  const words = ['evaluate', '--model', at('out/model'), '--bank', at('images'), '--threads', '1']
  const free = [...words, '--protocol', 'label_free']
  // The same weights by a recipe of another seed, and by one for other images.
  const config = JSON.parse(await readFile(at('out/model/config.json'), 'utf8'))
  const recipe = { ...config.recipe, seed: config.recipe.seed + 1 }
  for (const [name, changed] of Object.entries({ stranger: { recipe }, coloured: { channels: 3 } })) {
    await cp(at('out/model'), at(name), { recursive: true })
    await writeFile(at(`${name}/config.json`), JSON.stringify({ ...config, ...changed }))
  }
  type Free = { metrics: Record<string, { value: number }>; settings: Record<string, unknown> }
  const measured = async (...more: string[]) => {
    const [evaluation] = (await json(...free, ...more)).filter(({ type }) => type === 'evaluation')
    return evaluation as unknown as Free
  }
  const [apart, own, other] = await Promise.all([
    measured('--queries', at('out/held-out')),
    measured('--against', at('out/model')),
    measured('--against', at('stranger'))
  ])
  const recalls = ['float16', 'int8', 'binary', 'half', 'quarter'].map((way) => `recall10_${way}`)
  assert.deepEqual(Object.keys(apart.metrics), ['rankme', 'alpha', ...recalls, 'log_likelihood'])
  assert.equal(apart.settings['judged'], 8)
  assert.deepEqual(own.metrics['rankme'], apart.metrics['rankme'], 'of the bank, whatever is judged')
  assert.notDeepEqual(own.metrics['log_likelihood'], apart.metrics['log_likelihood'])
  assert.deepEqual([own.metrics['same_prototype']?.value, own.metrics['ari_against']?.value], [1, 1])
  const { against, posterior, against_posterior: others } = own.settings
  assert.deepEqual([against, posterior, others], [at('out/model'), 'teacher', 'teacher'])
  assert.equal(other.metrics['ari_against']?.value, 1)
  assert.equal(other.metrics['same_prototype'], undefined, 'numbers of another run say nothing')

  const refusals = [
    [[...free, '--against', at('coloured')], /--against .*coloured reads images of 3 channels, and --model of 1/],
    [[...words, '--protocol', 'knn', '--against', at('stranger')], /--against is for --protocol label_free/],
    [[...free, '--dimensions', '8', '--against', at('stranger')], /--against and --dimensions exclude each other/]
  ] as const
  await Promise.all(
    refusals.map(async ([args, message]) => {
      const { code, stderr } = await failing(...args)
      assert.equal(code, 2, stderr)
      assert.match(stderr, message)
    })
  )
})

test('kappa evaluate measures the first dimensions of embeddings, as many as a model has', async () => {
  const words = ['evaluate', '--model', at('out/model'), '--bank', at('images'), '--threads', '1', '--k', '5']
  const lines = await json(...words, '--dimensions', '8,32', '--protocol', 'knn,retrieval')
  const evaluations = lines.filter(({ type }) => type === 'evaluation')
  assert.deepEqual(
    evaluations.map((one) => [one['protocol'], one['dimensions'], (one['settings'] as { dimensions: 8 }).dimensions]),
    [8, 32].flatMap((kept) => [
      ['knn', kept, kept],
      ['retrieval', kept, kept]
    ])
  )
  const whole = (await json(...words, '--protocol', 'knn')).find(({ type }) => type === 'evaluation')!
  // Of all dimensions the unit vectors are made unit vectors once more, in float32: no neighbour changes for it.
  assert.deepEqual(evaluations[2]!['metrics'], whole['metrics'])
  assert.notDeepEqual(evaluations[0]!['metrics'], whole['metrics'])
  const refused = await failing(...words, '--dimensions', '8,33')
  assert.equal(refused.code, 2)
  assert.match(refused.stderr, /--dimensions must be 1 to 32 for this model, not 33\./)
})

test('kappa evaluate finds copies of images by their names, among distractors and whitened', async () => {
  for (let index = 0; index < 4; index++) {
    const [original, copy] = [at(`copies/original/10${index}000.png`), at(`copies/strong/10${index}001.png`)]
    for (const path of [original, copy]) await mkdir(join(path, '..'), { recursive: true })
    const source = at(`images/class-${index}/${index}.png`)
    await cp(source, original)
    await sharp(source).resize(20, 16, { fit: 'fill' }).toFile(copy)
  }
  await cp(at('copies/original/100000.png'), at('copies/990000.png'))
  const words = ['evaluate', '--model', at('out/model'), '--bank', at('copies/original'), '--threads', '1']
  const asked = [...words, '--protocol', 'copy_detection', '--queries', at('copies')]
  const lines = await json(...asked, '--distractors', at('images/class-0'), '--whitening', at('images'))
  const found = lines.find(({ type }) => type === 'evaluation') as Record<string, unknown> & {
    readonly settings: Record<string, unknown>
    readonly metrics: Record<string, { readonly value: number }>
  }
  assert.deepEqual([found['bank'], found['queries'], found['dimensions']], [16, 4, 64])
  const { image_size: size, distractors, whitening, without_original: without, itself } = found.settings
  assert.deepEqual([size, distractors, whitening, without, itself], [12, 12, 48, 1, 4])
  assert.deepEqual(Object.keys(found.metrics), ['map_strong'], 'originals, which lie among the queries, are no copies')
  // The first original is a distractor too, and of equal ones the original comes first.
  assert.ok(found.metrics['map_strong']!.value > 0.4, JSON.stringify(found.metrics))
  for (const [more, reason] of [
    [
      ['--queries', at('copies'), '--image-size', '10'],
      /--image-size must be a multiple of the model's patches of 4 pixels, not 10/
    ],
    [['--queries', at('images/class-0')], /copy_detection finds no original of any copy/]
  ] as const) {
    const { code, stderr } = await failing(...words, '--protocol', 'copy_detection', ...more)
    assert.deepEqual([code, reason.test(stderr)], [2, true], stderr)
  }
})

test('kappa evaluate looks for buildings by a ground truth, in images of any shape', async () => {
  await mkdir(at('jpg'))
  for (let index = 0; index < 6; index++) {
    const size = [20, 12 + 4 * (index % 3), { fit: 'fill' }] as const
    await sharp(at(`images/class-${index % 4}/${index}.png`))
      .resize(...size)
      .toFile(at(`jpg/house_${index}.png`))
  }
  await cp(at('jpg/house_0.png'), at('jpg/asked.png'))
  const truth = {
    imlist: [0, 1, 2, 3, 4, 5].map((index) => `house_${index}`),
    qimlist: ['asked'],
    gnd: [{ bbx: [0, 0, 20, 12], easy: [0], hard: [4], junk: [1] }]
  }
  await writeFile(at('gnd.json'), JSON.stringify(truth))
  const words = [
    'evaluate',
    '--model',
    at('out/model'),
    '--bank',
    at('jpg'),
    '--threads',
    '1',
    '--protocol',
    'revisited'
  ]
  const lines = await json(...words, '--ground-truth', at('gnd.json'), '--image-size', '20')
  const found = lines.find(({ type }) => type === 'evaluation') as Record<string, unknown> & {
    readonly settings: Record<string, unknown>
    readonly metrics: Record<string, { readonly value: number }>
  }
  assert.deepEqual([found['bank'], found['queries'], found['dimensions']], [6, 1, 32])
  assert.deepEqual([found.settings['image_size'], found.settings['cropped_queries']], [20, 1])
  assert.equal(found.metrics['mp1_medium']!.value, 1, 'the box is the whole image, which is in the gallery')
  assert.equal(Object.keys(found.metrics).length, 8)
  const gone = { ...truth, qimlist: ['nowhere'] }
  await writeFile(at('gone.json'), JSON.stringify(gone))
  const beside = { ...truth, gnd: [{ ...truth.gnd[0], bbx: [30, 0, 40, 12] }] }
  await writeFile(at('beside.json'), JSON.stringify(beside))
  for (const [file, reason] of [
    ['gone.json', /^revisited cannot be run: .*jpg has no nowhere that can be read, .*\(1 are missing\)\.$/m],
    [
      'beside.json',
      /^revisited cannot .* \(1 are missing\)\. asked\.png: The box of the query lies outside of 20 × 12/m
    ]
  ] as const) {
    const { code, stderr } = await failing(...words, '--ground-truth', at(file))
    assert.deepEqual([code, reason.test(stderr)], [2, true], stderr)
  }
})

test('kappa evaluate needs labels for all but label_free, and shows people a table', async () => {
  const words = ['evaluate', '--model', at('out/model'), '--bank', at('images/class-0'), '--threads', '1']
  const refused = await failing(...words, '--protocol', 'label_free,knn')
  assert.equal(refused.code, 2)
  assert.match(refused.stderr, /knn needs a label for every image, and .*class-0.*png has none/)
  const { stdout, stderr } = await failing(...words)
  assert.match(stderr, /left out retrieval: it needs a label for every image/)
  // Twelve images are too few for an interval, and nothing is left to measure.
  assert.match(stderr, /left out label_free: it needs 20 images or more for its interval, and there are 12/)
  assert.equal(stdout, '')
  const named = await failing(
    'evaluate',
    '--model',
    at('out/model'),
    '--bank',
    at('images'),
    '--protocol',
    'label_free'
  )
  assert.match(named.stdout, /^label_free {2}rankme +\d+\.\d{3} +\d+\.\d{3} … +\d+\.\d{3}$/m)
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
  const commands = [...stdout.matchAll(/^ {2}kappa (\w+)/gm)].map((match) => match[1]!)
  assert.deepEqual(commands.slice(0, 7), ['train', 'presets', 'export', 'import', 'embed', 'knn', 'evaluate'])
  for (const command of commands)
    assert.match((await kappa(command, '--help')).stdout, new RegExp(`kappa ${command}\\b`))
})

test('docs/cli.md has every field of every line that --json printed here', async () => {
  const text = await readFile(DOCUMENT, 'utf8')
  const table = new Map([...text.matchAll(/^\| `(\w+)` +\|(.*)\|(.*)\|$/gm)].map(([, type, fields]) => [type, fields!]))
  const missing = new Set<string>()
  for (const { type, ...fields } of events) {
    const documented = table.get(String(type))
    for (const field of Object.keys(fields)) if (!documented?.includes(`\`${field}\``)) missing.add(`${type}.${field}`)
  }
  for (const { metrics } of only('step')) {
    // docs/metrics.md is held to the registry by a test of its own.
    for (const key of Object.keys(metrics as object)) if (!METRIC_NAMES.has(key)) missing.add(`metrics.${key}`)
  }
  assert.deepEqual([...missing], [])
  assert.ok(new Set(events.map(({ type }) => type)).size >= 12, 'hardly any event was seen')
})
