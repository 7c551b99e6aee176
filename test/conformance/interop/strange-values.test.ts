/** Checkpoints of people hold more than weights: what Python and its libraries write beside them stands in nobody's way. */
import assert from 'node:assert/strict'
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { isAppError } from '../../../src/base/errors.ts'
import { importWeights } from '../../../src/interop/import-weights.ts'
import { unpickle } from '../../../src/interop/pickle.ts'
import { entriesOf, nameOfValue, type PickleValue } from '../../../src/interop/pickle-values.ts'
import { elementsOf, isLazyTensor } from '../../../src/interop/tensor-source.ts'
import { readTorchFile } from '../../../src/interop/torch-file.ts'
import { createTorchHost } from '../../../src/interop/torch-values.ts'
import { dictOf, globalName, op, pickle, tensor, text, torchFile } from '../../unit/interop/pickles.ts'
import { WEIGHTS_FOLDER } from './golden.ts'

const PROTOCOLS = [2, 3, 4, 5]

let folder = ''
let backbone: readonly (readonly [name: string, shape: readonly number[]])[] = []
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kappa-strange-'))
  const file = await open(join(WEIGHTS_FOLDER, 'dino-backbone.pth'))
  const value = await readTorchFile(file)
  await file.close()
  backbone = [...entriesOf(value)!].map(([name, found]) => {
    assert.ok(isLazyTensor(found) && typeof name === 'string')
    return [name, found.shape]
  })
})
after(() => rm(folder, { recursive: true }))

const strange = (protocol: number) => readFile(join(WEIGHTS_FOLDER, `strange-${protocol}.pkl`))
/** Without PROTO and STOP: it is put into another pickle, whose memo is its own. */
const inside = async (protocol: number) => (await strange(protocol)).subarray(2, -1)

const stridesOf = (shape: readonly number[]) => shape.map((_, axis) => elementsOf(shape.slice(axis + 1)))

const weights = (instead: Readonly<Record<string, Buffer>> = {}) =>
  dictOf(
    ...backbone.map(([name, shape], i): [string, Buffer] => {
      const stored = tensor({ key: String(i), elements: elementsOf(shape), shape, stride: stridesOf(shape) })
      return [name, instead[name] ?? stored]
    }),
    ...Object.entries(instead).filter(([name]) => !backbone.some(([known]) => known === name))
  )

let files = 0
async function imported(...parts: [key: string, value: Buffer][]) {
  const storages = Object.fromEntries(backbone.map(([, shape], i) => [i, Buffer.alloc(4 * elementsOf(shape))]))
  const path = join(folder, `${files++}.pth`)
  await writeFile(path, torchFile(pickle(dictOf(...parts)), storages))
  return importWeights(path, { heads: 2 })
}

for (const protocol of PROTOCOLS) {
  test(`weights with 60 kinds of things beside them are imported, protocol ${protocol}`, async () => {
    const { format, files } = await imported(
      ['things', await inside(protocol)],
      ['teacher', weights()],
      ['epoch', op.none]
    )
    assert.deepEqual([format, files.part, files.otherParts], ['dino', 'teacher', ['things', 'epoch']])
  })

  test(`what they are is known by its name and nothing else, protocol ${protocol}`, async () => {
    const host = createTorchHost(() => assert.fail('there is no storage'))
    const things = entriesOf(unpickle(await strange(protocol), host).value)!
    const named = (key: string) => nameOfValue(things.get(key) as PickleValue)
    assert.equal(things.size, 65)
    assert.match(named('numpy scalar'), /^numpy\._core\.multiarray\.scalar$/)
    for (const [key, name] of Object.entries({
      path: 'pathlib.PosixPath',
      omegaconf: 'omegaconf.dictconfig.DictConfig',
      partial: 'functools.partial',
      'torch.device': 'torch.device',
      dataclass: 'my_project.models.Config',
      'dict subclass': 'my_project.models.Meters',
      enum: 'my_project.models.Mode',
      datetime: 'datetime.datetime'
    })) {
      assert.equal(named(key), name)
    }
    assert.deepEqual([things.get('big'), things.get('negative'), things.get('true')], [2n ** 100n, -(2 ** 40), true])
    const args = entriesOf(things.get('namespace'))!
    assert.deepEqual([args.get('lr'), nameOfValue(args.get('out')!)], [0.1, 'pathlib.PosixPath'])
    assert.deepEqual([...entriesOf(things.get('defaultdict'))!.keys()], ['loss'])
  })
}

test('a file that names a command beside its weights is imported, and nothing is run', async () => {
  const system = Buffer.concat([
    globalName('os', 'system'),
    text(`touch ${join(folder, 'owned')}`),
    op.tuple1,
    op.reduce
  ])
  const { files } = await imported(['teacher', weights()], ['hook', system])
  assert.deepEqual(files.otherParts, ['hook'])
  await assert.rejects(readFile(join(folder, 'owned')), { code: 'ENOENT' })
})

const array = Buffer.concat([globalName('numpy.core.multiarray', '_reconstruct'), op.emptyTuple, op.reduce])

test('where a tensor is needed, what stands there is said by name', async () => {
  for (const [name, value, what] of [
    ['cls_token', array, /cls_token is numpy\.core\.multiarray\._reconstruct, not a tensor/],
    ['norm.bias', op.none, /norm\.bias is None, not a tensor/],
    ['pos_embed', op.emptyList, /pos_embed is a list, not a tensor/],
    ['patch_embed.proj.weight', text('x'), /patch_embed\.proj\.weight is a text, not a tensor/]
  ] as const) {
    await assert.rejects(
      imported(['teacher', weights({ [name]: value })]),
      (error) =>
        (isAppError(error, 'weights_mismatch') || isAppError(error, 'weights_unsupported')) && what.test(error.message),
      name
    )
  }
})

test('where no tensor is needed, what stands there is left out with the reason', async () => {
  const { leftOut } = await imported(['teacher', weights({ _extra_state: array, version: op.none })])
  assert.deepEqual(leftOut, [
    { name: '_extra_state', reason: 'is no tensor' },
    { name: 'version', reason: 'is no tensor' }
  ])
})

test('a tensor beside the state dict does not make the checkpoint a state dict', async () => {
  const center = tensor({ key: '0', elements: elementsOf(backbone[0]![1]), shape: [1], stride: [1] })
  const { files } = await imported(['center', center], ['state_dict', weights()])
  assert.deepEqual([files.part, files.otherParts], ['state_dict', ['center']])
})
