/** Every option of every command, wrong in every way that it can be: one sentence, exit code 2, and nothing was begun. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { EXIT } from '../../../src/cli/command.ts'
import { at, COMMANDS, call, GOOD, isRefused, wordsOf } from './refused-call.ts'

const NO_NUMBER = ['many', 'NaN', '1e9', '1.5', '0x10', 'Infinity', ' ', '1,2']
const whole = (least: number) => [...NO_NUMBER, ...(least > 0 ? [`${least - 1}`] : []), '-1', '-9'.padEnd(30, '9')]
const THREADS = [...whole(1), '257', '1000000000']
const UNWRITABLE = () => [
  at('file.txt/x'),
  '/dev/null/x',
  '/proc/kappa/x',
  at('broken-link/x'),
  `${at('x')}${'y'.repeat(300)}`
]
const NOT_THERE = () => [at('none'), at('broken-link'), at('circle'), at('file.txt/none')]
const NO_IMAGES = () => [...NOT_THERE(), at('empty'), at('nested')]
const NO_MODEL = () => [...NOT_THERE(), at('file.txt'), at('full')]

/** Values that are refused, by option. */
const WRONG: Record<string, Record<string, () => string[]>> = {
  train: {
    images: NO_IMAGES,
    out: () => [...UNWRITABLE(), at('file.txt'), at('full'), at('circle')],
    recipe: () => [...NOT_THERE(), at('broken.json'), at('full'), at('file.txt')],
    preset: () => ['huge', ''],
    method: () => ['simclr'],
    seed: () => [...whole(0), '4294967296'],
    epochs: () => [...whole(0), '1000000000'],
    'hold-out': () => whole(2),
    'checkpoint-every-s': () => whole(1),
    'checkpoint-every': () => whole(1),
    keep: () => whole(1),
    'max-steps': () => whole(1),
    threads: () => THREADS,
    loaders: () => [...whole(0), '257']
  },
  export: {
    run: () => [...NOT_THERE(), at('full')],
    checkpoint: NOT_THERE,
    images: () => [...NOT_THERE(), at('full')],
    out: () => [...UNWRITABLE(), at('file.txt'), at('full'), at('broken-link')],
    threads: () => THREADS
  },
  import: {
    '': () => [...NOT_THERE(), '/dev/null'],
    out: () => [...UNWRITABLE(), at('file.txt'), at('full'), at('broken-link')],
    format: () => ['dinov3', ''],
    arch: () => ['resnet50'],
    heads: () => whole(1),
    'image-size': () => [...whole(1), '4097'],
    resampling: () => ['nearest'],
    network: () => ['both'],
    mean: () => ['NaN', '1,,2', 'a', ''],
    std: () => ['NaN', '0,1,1', '-1'],
    temperature: () => ['0', '-0.07', 'NaN', '0.1,0.2', 'Infinity'],
    method: () => ['simclr'],
    images: () => [...NOT_THERE(), at('full')],
    threads: () => THREADS
  },
  embed: {
    model: NO_MODEL,
    images: NO_IMAGES,
    out: () => [...UNWRITABLE().map((path) => `${path}.npy`), at('x.csv'), at('x'), at('full/a.txt')],
    threads: () => THREADS
  },
  knn: { model: NO_MODEL, bank: NO_IMAGES, queries: NO_IMAGES, k: () => whole(1), threads: () => THREADS },
  evaluate: {
    model: NO_MODEL,
    bank: NO_IMAGES,
    queries: NO_IMAGES,
    protocol: () => ['linear-probe', '', 'knn,', 'knn,knn', 'KNN'],
    k: () => [...whole(1).filter((value) => value !== '1,2'), '10,,20', '10,0', '10 20'],
    draws: () => [...whole(2), '1001'],
    dimensions: () => [...whole(1).filter((value) => value !== '1,2'), '8,,16', '8,0', '8,8', '8 16'],
    seed: () => whole(0),
    out: () => [...UNWRITABLE(), at('file.txt'), at('full'), at('broken-link')],
    threads: () => THREADS
  },
  doctor: { threads: () => THREADS }
}

for (const [command, options] of Object.entries(WRONG)) {
  for (const [option, values] of Object.entries(options)) {
    test(`kappa ${command}: wrong values of ${option === '' ? 'what is imported' : `--${option}`} are refused by name`, async () => {
      for (const value of values()) {
        const good = GOOD[command]!()
        // Another way to say the same would be missed first.
        if (option === 'checkpoint') delete good['run']
        await isRefused(
          command,
          wordsOf({ ...good, [option]: value }),
          option === '' ? /cannot be read|neither/ : new RegExp(option)
        )
      }
    })
  }

  test(`kappa ${command}: options that are unknown, given twice, without a value or with one too many are refused`, async () => {
    const good = wordsOf(GOOD[command]!())
    await isRefused(command, [...good, '--nonsense', 'x'], /There is no option --nonsense\./)
    await isRefused(command, [...good, '-x'], /There is no option -x\./)
    await isRefused(command, [...good, '--json=yes'], /--json takes no value/)
    await isRefused(command, [...good, 'one', 'two'], /one/)
    for (const option of Object.keys(options).filter((name) => name !== '')) {
      await isRefused(command, [...good, `--${option}`], new RegExp(`--${option} (needs a value|is given twice)`))
      await isRefused(command, [`--${option}`, `--${option}`], new RegExp(`--${option} needs a value`))
      const twice = [`--${option}`, '1', `--${option}=2`]
      await isRefused(
        command,
        command === 'import' ? [at('file.txt'), ...twice] : twice,
        new RegExp(`--${option} is given twice`)
      )
    }
  })
}

test('kappa doctor: what is asked of a GPU that is not there is refused by name', async () => {
  const target = ['--target', 'h100']
  const refusals: readonly [args: readonly string[], reason: RegExp][] = [
    [['--target', 'h200', '--preset', 'demo'], /--target must be one of h100, a100, l4, not h200\./],
    [target, /--target needs --recipe or --preset\./],
    [[...target, '--preset', 'huge'], /preset/],
    [[...target, '--recipe', at('broken.json')], /--recipe .* is not JSON/],
    [[...target, '--preset', 'demo', '--method', 'simclr'], /method/],
    [[...target, '--preset', 'demo', '--devices', '0'], /--devices must be 1 or more, not 0\./],
    [[...target, '--preset', 'demo', '--devices', '3'], /--devices must divide/],
    [[...target, '--preset', 'demo', '--threads', '2'], /--threads is of engines that are here/],
    [['--preset', 'demo'], /--preset needs --target, one of h100, a100, l4\./],
    [['--devices', '2'], /--devices needs --target/]
  ]
  for (const [args, reason] of refusals) await isRefused('doctor', args, reason)
})

test('kappa evaluate: first dimensions of what is told from all of them are refused by name', async () => {
  const words = [...wordsOf(GOOD['evaluate']!()), '--dimensions', '8']
  await isRefused(
    'evaluate',
    [...words, '--protocol', 'knn,clustering'],
    /--dimensions is not for clustering: it needs/
  )
  await isRefused('evaluate', [...words, '--protocol', 'linear'], /--dimensions is not for linear: it reads features/)
})

test('kappa evaluate: what belongs to training is refused without it, and sources that no crops can be cut from with it', async () => {
  const words = wordsOf(GOOD['evaluate']!())
  const finetune = [...words, '--protocol', 'finetune']
  for (const [args, reason] of [
    [[...words, '--epochs', '5'], /--epochs is for --protocol linear and finetune\./],
    [[...words, '--protocol', 'linear', '--rate', '0.1'], /--rate is for --protocol finetune\./],
    [[...finetune, '--epochs', '0'], /--epochs must be 1 or more/],
    ...['0', '-1', '1.5', 'fast', '', '0x1', 'Infinity', '0.1,', '0.1 0.2'].map(
      (rate) => [[...finetune, '--rate', rate], /--rate must be numbers above 0 and up to 1, not/] as const
    ),
    [[...finetune, '--rate', '1e-3,0.001'], /--rate 1e-3,0\.001 names one twice\./],
    [finetune, /finetune needs --queries/],
    [[...finetune, '--queries', at('packed')], /finetune cuts crops from whole images: --bank must be packed/],
    [[...finetune, '--dimensions', '8'], /--dimensions is not for finetune/]
  ] as const)
    await isRefused('evaluate', args, reason)
})

test('kappa evaluate: what belongs to copies is refused without them, and what belongs to others with them', async () => {
  const words = wordsOf(GOOD['evaluate']!())
  const copies = [...words, '--protocol', 'copy_detection']
  for (const [args, reason] of [
    [[...words, '--distractors', at('full')], /--distractors is for --protocol copy_detection\./],
    [[...words, '--whitening', at('full'), '--protocol', 'knn'], /--whitening is for --protocol copy_detection\./],
    [[...words, '--image-size', '32'], /--image-size is for --protocol copy_detection and revisited\./],
    [[...copies, '--ground-truth', at('broken.json')], /--ground-truth is for --protocol revisited\./],
    [[...copies, '--image-size', '0'], /--image-size must be 1 or more/],
    [[...words, '--protocol', 'knn,copy_detection'], /--protocol copy_detection is asked for alone/],
    [copies, /copy_detection needs --queries/],
    [[...copies, '--queries', at('full')], /copy_detection needs --queries/],
    [[...copies, '--queries', at('packed'), '--distractors', at('none')], /--distractors .*none: there is no such/],
    [[...copies, '--queries', at('packed'), '--whitening', at('empty')], /--whitening .*empty is an empty folder/]
  ] as const)
    await isRefused('evaluate', args, reason)
})

test('kappa evaluate: a ground truth that is none is refused by file and field', async () => {
  const words = [...wordsOf(GOOD['evaluate']!()), '--protocol', 'revisited']
  await isRefused('evaluate', words, /--ground-truth is needed/)
  await isRefused('evaluate', [...words, '--ground-truth', at('none')], /--ground-truth .*none: there is no such/)
  await isRefused('evaluate', [...words, '--ground-truth', at('full')], /--ground-truth .*full: it is no file/)
  await isRefused('evaluate', [...words, '--ground-truth', at('broken.json')], /broken\.json: it is no JSON object/)
  await isRefused('evaluate', [...words, '--whitening', at('full')], /--whitening is for --protocol copy_detection/)
  const good = { imlist: ['a', 'b'], qimlist: ['c'], gnd: [{ bbx: [0, 0, 2, 2], easy: [0], hard: [], junk: [1] }] }
  const of = (patch: object) => ({ ...good, gnd: [{ ...good.gnd[0], ...patch }] })
  for (const [value, reason] of [
    [[], /it is no JSON object/],
    [{ ...good, imlist: 'a' }, /imlist must be a list of names/],
    [{ ...good, imlist: ['a', 'a'] }, /imlist has a name twice/],
    [{ ...good, qimlist: ['c', 'd'] }, /gnd must have 2 entries, as qimlist has/],
    [of({ easy: [2] }), /gnd\[0\]\.easy must be places in imlist, 0 to 1/],
    [of({ hard: [0.5] }), /gnd\[0\]\.hard must be/],
    [of({ junk: null }), /gnd\[0\]\.junk must be/],
    [of({ easy: [0, 0] }), /gnd\[0\]\.easy has place 0 twice/],
    [of({ junk: [1, 1] }), /gnd\[0\]\.junk has place 1 twice/],
    [of({ hard: [0] }), /gnd\[0\]\.easy and gnd\[0\]\.hard both have place 0/],
    [of({ junk: [0] }), /gnd\[0\]\.easy and gnd\[0\]\.junk both have place 0/],
    [of({ easy: [] }), /--ground-truth .*gnd\.json: no query has anything to find/],
    [of({ bbx: [0, 0, 0, 2] }), /gnd\[0\]\.bbx must be left, top, right and bottom/]
  ] as const) {
    await writeFile(at('gnd.json'), JSON.stringify(value))
    await isRefused('evaluate', [...words, '--ground-truth', at('gnd.json')], reason)
  }
})

test('what is needed is said, one thing after the other', async () => {
  for (const [command, good] of Object.entries(GOOD)) {
    for (const option of Object.keys(good())) {
      const { [option]: _, ...others } = good()
      await isRefused(command, wordsOf(others), /needed|no run in/)
    }
  }
})

test('a letter too few, too many or wrong is answered with the option that was meant', async () => {
  for (const [wrong, meant] of [
    ['imges', 'images'],
    ['imagess', 'images'],
    ['inages', 'images'],
    ['thread', 'threads'],
    ['hold', 'hold-out']
  ] as const) {
    await isRefused('train', [`--${wrong}`, 'x'], new RegExp(`There is no option --${wrong}; --${meant} is one\\.`))
  }
})

/** A command that ends with an error, for people or for scripts. */
async function ended(error: Error, ...args: string[]) {
  COMMANDS['failing'] = { usage: '', run: () => Promise.reject(error) }
  return call('failing', args)
}

test('a fault of ours is told with its stack, also to scripts', async () => {
  const error = new TypeError('x is not a function')
  const { code, stdout } = await ended(error, '--json')
  assert.equal(code, EXIT.failed)
  const { type, code: failure, message, stack } = JSON.parse(stdout)
  assert.deepEqual([type, failure, message, stack], ['failed', 'internal', 'x is not a function', error.stack])
  assert.match((await ended(error)).stderr, /^This is a fault of kappa: TypeError: x is not a function\n/)
})

test('what the system answers while a command works is one sentence', async () => {
  for (const [code, exit, sentence] of [
    ['EACCES', EXIT.refused, /^\/there: there is no permission\.$/m],
    ['EROFS', EXIT.refused, /^\/there: the disk is read-only\.$/m],
    ['ENOSPC', EXIT.failed, /no room left/]
  ] as const) {
    const { code: ending, stderr } = await ended(Object.assign(new Error(`${code}: open`), { code, path: '/there' }))
    assert.equal(ending, exit)
    assert.match(stderr, sentence)
  }
})
