/** What a model is counted with in the room for models: all that it holds, so that many small ones are bounded, too. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openOnnxFile } from '../../../src/engine/onnx-session.ts'
import { createDeviceModels } from '../../../src/serving/device-model.ts'
import { createDevicePrograms } from '../../../src/serving/device-programs.ts'
import { openServingModel } from '../../../src/serving/serving-model.ts'
import { fakeDevice, partsOf } from '../../unit/serving/fake-device.ts'
import { makeServedModel } from './served-model.ts'

const cleanUps: (() => unknown)[] = []
after(async () => {
  for (const cleanUp of cleanUps) await cleanUp()
})

test('sessions of a tiny model cost a mebibyte each, which its files do not have', async () => {
  const { folder } = await makeServedModel({ after: (cleanUp) => cleanUps.unshift(cleanUp) })
  const open = (path: string) => openOnnxFile(path, { threads: 1 })
  const [one, three] = [await openServingModel(folder, open), await openServingModel(folder, open, () => 3)]
  assert.ok(one.bytes > 2 * 2 ** 20, `${one.bytes}: of embeddings, and of assignments`)
  assert.equal(three.bytes, 3 * one.bytes)
  await Promise.all([one.dispose(), three.dispose()])
})

test('on a device the texts of programs count as weights do', async () => {
  const device = { ...fakeDevice(), precision: 'float32' } as const
  const unexpected = (): never => assert.fail('the device computes it')
  const parts = partsOf([1, 2], 'a network')
  const open = createDeviceModels({
    device,
    programs: createDevicePrograms({ device, maxBytes: 1e9, onLost: unexpected, report: unexpected }),
    makeParts: async () => parts,
    maxBatch: 2,
    maxRunBytes: 100,
    runs: 2,
    openOnCpu: unexpected,
    onFellBack: unexpected,
    report: unexpected
  })
  const model = await open({ id: 'ckpt_1', folder: 'nowhere', isCheckpoint: true })
  assert.equal(model.bytes, 8 + 'a network 1'.length + 'a network 2'.length)
  await model.dispose()
})
