/** `kappa evaluate` as a new user tries it, on a folder of PNG files; its words and fields as docs/cli.md has them. */
import assert from 'node:assert/strict'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import sharp from 'sharp'
import { at, events, failing, json, kappa, undocumentedFields } from './cli-folder.ts'

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

test('docs/cli.md has every field of every line that --json printed here', async () => {
  assert.deepEqual(await undocumentedFields(), [])
  assert.ok(new Set(events.map(({ type }) => type)).size >= 9, 'hardly any event was seen')
})
