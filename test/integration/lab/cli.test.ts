import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import sharp from 'sharp'
import { decodeSafetensors } from '../../../src/base/safetensors.ts'
import { muRecipe } from '../../helpers/mu-recipe.ts'
import { barImage } from '../../helpers/tiny-dataset.ts'

const CLI = resolve(import.meta.dirname, '../../../src/cli.ts')
const kappa = (...args: string[]) => promisify(execFile)(process.execPath, [CLI, ...args])

let root: string
const at = (name: string) => join(root, name)

/** 48 PNG files in class folders, and one file that is no image. */
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
})
after(() => rm(root, { recursive: true }))

test('a folder of images becomes a dataset, a run and a model that kappa knn and kappa embed use', async () => {
  const places = ['--images', at('images'), '--out', at('out'), '--recipe', at('recipe.json')]
  const { stderr } = await kappa('train', ...places, '--hold-out', '6', '--export', '--threads', '1', '--loaders', '0')
  assert.match(stderr, /packed 40 images /)
  assert.match(stderr, /packed 8 images .* 1 left out/)
  assert.match(stderr, /40 images, .* 5 steps/)
  assert.match(stderr, /model of step 5/)

  const sets = ['--bank', at('out/dataset'), '--queries', at('out/held-out')]
  const knn = await kappa('knn', '--model', at('out/model'), ...sets, '--k', '5')
  assert.match(knn.stdout, /^k-NN top-1: \d+\.\d %$/m)

  await kappa(
    'embed',
    '--model',
    at('out/model'),
    '--dataset',
    at('out/held-out'),
    '--out',
    at('vectors/held-out.safetensors')
  )
  const { tensors } = decodeSafetensors(await readFile(at('vectors/held-out.safetensors')))
  assert.deepEqual(tensors.get('embeddings')?.shape, [8, 32])
  assert.deepEqual(tensors.get('labels')?.shape, [8])
})

test('what the command line cannot do it says, with exit code 2 for wrong words and 1 for wrong places', async () => {
  const codeOf = (...args: string[]) =>
    kappa(...args).then(
      () => 0,
      (error) => error.code
    )
  assert.equal(await codeOf('fly'), 2)
  assert.equal(await codeOf('knn', '--model', at('nowhere')), 1)
  assert.equal(await codeOf('embed', '--modell', 'x'), 2)
  assert.equal(await codeOf('help'), 0)
})
