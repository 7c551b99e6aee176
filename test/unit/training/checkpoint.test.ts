import assert from 'node:assert/strict'
import { appendFile, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { digestOf } from '../../../src/base/durable-files.ts'
import { isAppError } from '../../../src/base/errors.ts'
import {
  checkResumable,
  findLatestCheckpoint,
  readCheckpoint,
  type TrainState,
  writeCheckpoint
} from '../../../src/training/checkpoint.ts'
import { hashState } from '../../../src/training/state.ts'
import { initialState } from '../../../src/training/step-state.ts'
import { muRecipe } from '../../helpers/mu-recipe.ts'

let outFolder: string
beforeEach(async () => {
  outFolder = await mkdtemp(join(tmpdir(), 'kappa-checkpoint-'))
})
afterEach(() => rm(outFolder, { recursive: true }))

function stateAt(step: number): TrainState {
  const recipe = muRecipe()
  const tensors = initialState(recipe)
  tensors['center.cls']!.fill(step + 0.5)
  return { step, epoch: 0, recipe, contentHash: 'c0ffee', tensors }
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
  assert.throws(() => checkResumable(state, { recipe: { ...recipe, seed: 4 }, contentHash }), /another recipe/)
  assert.throws(() => checkResumable(state, { recipe, contentHash: 'other' }), /another dataset/)
})
