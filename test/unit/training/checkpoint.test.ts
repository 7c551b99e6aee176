import assert from 'node:assert/strict'
import { appendFile, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { digestOf } from '../../../src/base/durable-files.ts'
import { isAppError } from '../../../src/base/errors.ts'
import { decodeSafetensors } from '../../../src/base/safetensors.ts'
import { recipeHash } from '../../../src/recipe/differences.ts'
import { resolveRecipe } from '../../../src/recipe/presets.ts'
import {
  checkResumable,
  findLatestCheckpoint,
  readCheckpoint,
  type TrainState,
  writeCheckpoint
} from '../../../src/training/checkpoint.ts'
import { hashState } from '../../../src/training/state.ts'
import { initialState, stateSpecs } from '../../../src/training/step/state.ts'
import { muRecipe } from '../../helpers/mu-recipe.ts'

let outFolder: string
beforeEach(async () => {
  outFolder = await mkdtemp(join(tmpdir(), 'kappa-checkpoint-'))
})
afterEach(() => rm(outFolder, { recursive: true }))

const HEALTH = new Map([['window.usage', { shape: [2, 2], data: Float32Array.of(3, 0, 1, 2) }]])

function stateAt(step: number, recipe = muRecipe()): TrainState {
  const tensors = initialState(recipe)
  tensors['center.cls']!.fill(step + 0.5)
  // Both networks begin equal, and equal files could be swapped.
  tensors['teacher.backbone.cls_token']!.fill(step)
  return { step, epoch: 0, recipe, contentHash: 'c0ffee', tensors, health: HEALTH }
}

const refuses = (promise: Promise<unknown>, reason: RegExp) =>
  assert.rejects(promise, (error) => isAppError(error, 'checkpoint_invalid') && reason.test(error.message))

test('a checkpoint gives back the same state, centers and moments included', async () => {
  const state = stateAt(5)
  const { folder, stateHash } = await writeCheckpoint(outFolder, state)
  const restored = await readCheckpoint(folder)
  assert.deepEqual(restored.tensors, state.tensors)
  assert.equal(restored.step, 5)
  assert.equal(hashState(restored.tensors, restored.step), stateHash)
  assert.equal(restored.stateHash, stateHash)
  assert.deepEqual(restored.health, HEALTH)
})

test('a checkpoint from before the health file begins its windows anew', async () => {
  const { folder } = await writeCheckpoint(outFolder, stateAt(5))
  const manifest = JSON.parse(await readFile(join(folder, 'state.json'), 'utf8'))
  manifest.files = manifest.files.filter(({ path }: { path: string }) => path !== 'health.safetensors')
  await writeFile(join(folder, 'state.json'), JSON.stringify(manifest))
  const restored = await readCheckpoint(folder)
  assert.equal(restored.health.size, 0)
  assert.equal(restored.step, 5)
})

test('an iBOT checkpoint has the mask token of the student, both centers and the official names', async () => {
  const recipe = resolveRecipe({ preset: 'mu', method: 'ibot', hyperparameters: { ibot: { patchPrototypes: 24 } } })
  const state = stateAt(5, recipe)
  state.tensors['center.patch']!.fill(0.25)
  state.tensors['student.backbone.masked_embed']!.fill(-1)
  const { folder } = await writeCheckpoint(outFolder, state)
  assert.deepEqual((await readCheckpoint(folder)).tensors, state.tensors)
  const namesIn = async (file: string) =>
    (await readFile(join(folder, file)))
      .toString('latin1')
      .match(/"(backbone\.masked_embed|head\.last_layer2\.\w+)"/g) ?? []
  const patchLayer = ['"head.last_layer2.weight_g"', '"head.last_layer2.weight_v"']
  assert.deepEqual((await namesIn('student.safetensors')).sort(), ['"backbone.masked_embed"', ...patchLayer])
  assert.deepEqual((await namesIn('teacher.safetensors')).sort(), patchLayer)
  assert.equal(state.tensors['center.patch']!.length, 24)
})

test('the event lists every file with its true size and hash', async () => {
  const { folder, files } = await writeCheckpoint(outFolder, stateAt(5))
  assert.deepEqual(files.map(({ path }) => path).sort(), (await readdir(folder)).sort())
  for (const { path, ...digest } of files) assert.deepEqual(digest, digestOf(await readFile(join(folder, path))))
})

test('the networks are filed under the names of the official state dict', async () => {
  const { folder } = await writeCheckpoint(outFolder, stateAt(0))
  const text = (await readFile(join(folder, 'teacher.safetensors'))).toString('latin1')
  assert.match(text, /"backbone\.blocks\.0\.attn\.qkv\.weight"/)
  assert.match(text, /"head\.last_layer\.weight_g"/)
})

test('the state hash differs when one bit or the position differs', () => {
  const { tensors } = stateAt(5)
  const before = hashState(tensors, 5)
  assert.notEqual(hashState(tensors, 6), before)
  const bits = new Uint32Array(tensors['adam.v.backbone.norm.bias']!.buffer)
  bits[0]! ^= 1
  assert.notEqual(hashState(tensors, 5), before)
})

test('a damaged, a shortened and a missing file make a checkpoint invalid', async () => {
  const { folder } = await writeCheckpoint(outFolder, stateAt(5))
  const file = join(folder, 'optimizer.safetensors')
  const content = await readFile(file)
  const flipped = Buffer.from(content)
  flipped[flipped.length - 3]! ^= 1
  await writeFile(file, flipped)
  await refuses(readCheckpoint(folder), /hash/)
  await writeFile(file, content.subarray(0, -1))
  await refuses(readCheckpoint(folder), /bytes/)
  await rm(file)
  await refuses(readCheckpoint(folder), /missing/)
})

test('a file that was swapped for another of the same size is named, within a checkpoint and between two', async () => {
  const { folder } = await writeCheckpoint(outFolder, stateAt(5))
  const other = await writeCheckpoint(outFolder, stateAt(6))
  const [student, teacher] = ['student', 'teacher'].map((part) => join(folder, `${part}.safetensors`)) as [
    string,
    string
  ]
  const kept = await readFile(teacher)
  await cp(student, teacher)
  await refuses(readCheckpoint(folder), /teacher\.safetensors/)
  await writeFile(teacher, kept)
  await readCheckpoint(folder)
  await cp(join(other.folder, 'optimizer.safetensors'), join(folder, 'optimizer.safetensors'))
  await refuses(readCheckpoint(folder), /optimizer\.safetensors/)
})

test('every file of a checkpoint is refused by name when it is cut short, down to nothing', async () => {
  const { folder, files } = await writeCheckpoint(outFolder, stateAt(5))
  for (const { path, bytes } of files) {
    const content = await readFile(join(folder, path))
    // The manifest ends with a line feed, which it can do without.
    for (const length of [0, 7, Math.floor(bytes / 2), bytes - 2]) {
      await writeFile(join(folder, path), content.subarray(0, length))
      await refuses(readCheckpoint(folder), new RegExp(path.replace('.', '\\.')))
    }
    await writeFile(join(folder, path), content)
  }
  await readCheckpoint(folder)
})

test('a manifest that was edited is refused: another step, another recipe, another list of files', async () => {
  const { folder } = await writeCheckpoint(outFolder, stateAt(5))
  const path = join(folder, 'state.json')
  const manifest = JSON.parse(await readFile(path, 'utf8'))
  const edited = (changes: object) => writeFile(path, JSON.stringify({ ...manifest, ...changes }))
  await edited({ step: 6 })
  await refuses(readCheckpoint(folder), /step/)
  await edited({ recipe: { ...manifest.recipe, seed: 99 } })
  await refuses(readCheckpoint(folder), /recipe in state\.json/)
  await edited({ files: manifest.files.slice(1) })
  await refuses(readCheckpoint(folder), /does not list/)
  await edited({ format: 'kappa-checkpoint/9' })
  await refuses(readCheckpoint(folder), /not of the format/)
  await edited({})
  await readCheckpoint(folder)
})

test('everything that a run is made of is in the three files, by name', async () => {
  const { folder } = await writeCheckpoint(outFolder, stateAt(5))
  const names: string[] = []
  for (const part of ['student', 'teacher', 'optimizer']) {
    const { tensors, metadata } = decodeSafetensors(await readFile(join(folder, `${part}.safetensors`)))
    names.push(...[...tensors.keys()].map((name) => (part === 'optimizer' ? name : `${part}.${name}`)))
    assert.equal(metadata['step'], '5')
  }
  assert.deepEqual(
    names.sort(),
    stateSpecs(muRecipe())
      .map(({ name }) => name)
      .sort()
  )
  for (const expected of ['student.backbone.cls_token', 'teacher.head.last_layer.weight_v', 'center.cls']) {
    assert.ok(names.includes(expected), expected)
  }
  assert.ok(names.includes('adam.m.head.last_layer.weight_g') && names.includes('adam.v.head.last_layer.weight_g'))
  const { step, recipe, configHash, contentHash } = JSON.parse(await readFile(join(folder, 'state.json'), 'utf8'))
  assert.deepEqual([step, recipe.seed, contentHash], [5, 3, 'c0ffee'])
  assert.equal(configHash, recipeHash(muRecipe()))
})

test('the newest whole checkpoint is found, damaged ones are named, unfinished ones do not count', async () => {
  const first = await writeCheckpoint(outFolder, stateAt(5))
  const second = await writeCheckpoint(outFolder, stateAt(10))
  await appendFile(join(second.folder, 'student.safetensors'), 'x')
  await cp(first.folder, join(outFolder, 'checkpoints', 'step-00000099.partial'), { recursive: true })
  const { folder, skipped } = await findLatestCheckpoint(outFolder)
  assert.equal(folder, first.folder)
  assert.deepEqual(
    skipped.map((entry) => entry.folder),
    [second.folder]
  )
})

test('without any checkpoint none is found', async () => {
  assert.deepEqual(await findLatestCheckpoint(outFolder), { folder: null, skipped: [] })
})

test('writing the same state again keeps the files, writing another one replaces them', async () => {
  const first = await writeCheckpoint(outFolder, stateAt(5))
  const again = await writeCheckpoint(outFolder, stateAt(5))
  assert.deepEqual(again, first)
  const other = stateAt(5)
  other.tensors['center.cls']![0] = 77
  const replaced = await writeCheckpoint(outFolder, other)
  assert.equal(replaced.folder, first.folder)
  assert.equal((await readCheckpoint(first.folder)).tensors['center.cls']![0], 77)
})

test('what a killed process left half-written is cleared away by the next attempt', async () => {
  const leftover = join(outFolder, 'checkpoints', 'step-00000005.partial')
  await mkdir(leftover, { recursive: true })
  await writeFile(join(leftover, 'student.safetensors'), 'half')
  await writeCheckpoint(outFolder, stateAt(5))
  assert.deepEqual(await readdir(join(outFolder, 'checkpoints')), ['step-00000005'])
})

test('a run goes on only with its own recipe and dataset; the name of the preset does not matter', () => {
  const state = stateAt(5)
  const { recipe, contentHash } = state
  checkResumable(state, { recipe: { ...recipe, preset: 'renamed' }, contentHash })
  const { hyperparameters } = recipe
  const faster = { ...recipe, seed: 4, hyperparameters: { ...hyperparameters, learningRate: 1 } }
  assert.throws(
    () => checkResumable(state, { recipe: faster, contentHash }),
    /another recipe: \/seed is 3 in the checkpoint, 4 now; \/hyperparameters\/learningRate is 0\.001 in the checkpoint, 1 now/
  )
  assert.throws(() => checkResumable(state, { recipe, contentHash: 'other' }), /another dataset/)
})
