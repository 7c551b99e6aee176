/**
 * Every program that is served, of every family of networks, on XLA's plugin for the CPU beside ONNX Runtime. Both are traced from the same
 * weights, otherwise: ONNX Runtime's is cut into pieces and has norms folded into weights, XLA's is not.
 */
import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createOnnxEngine } from '../../../src/engine/onnx-engine.ts'
import { openServingDevice } from '../../../src/engine/xla/open-xla.ts'
import { writeProgram } from '../../../src/engine/xla/write-program.ts'
import { withBatch } from '../../../src/engine/xla/xla-engine.ts'
import { readView } from '../../../src/model/view.ts'
import type { ViewKind } from '../../../src/protocol/inference-messages.ts'
import { IMAGES, pixels } from '../../conformance/interop/golden.ts'
import { foundPlugin, whyNoXla } from '../../helpers/pjrt.ts'
import { CACHE_FOLDER, compileQuickly } from '../../helpers/xla.ts'
import { FAMILIES, FAMILY_NAMES, stored, writeWeights } from './family-folders.ts'
import { labFolder } from './lab-folder.ts'

compileQuickly()

/** Of the largest number of an output: float32 in other orders through a few blocks. What is wrong is off by 1e-2 and more. */
const TOLERANCE = 1e-5

let root = ''
const cleanUps: (() => unknown)[] = []
before(async () => {
  if (whyNoXla === false) root = (await labFolder({ after: (cleanUp) => cleanUps.unshift(cleanUp) })).root
})
after(async () => {
  for (const cleanUp of cleanUps) await cleanUp()
})

for (const name of FAMILY_NAMES) {
  test(`every program of ${name} gives on a device what it gives without one`, { skip: whyNoXla }, async () => {
    const folder = join(root, name)
    await mkdir(folder)
    const weightsOfOthers = await stored(name)
    const { network, hasHead } = weightsOfOthers
    await writeWeights(folder, weightsOfOthers)
    const device = openServingDevice(foundPlugin!, {
      precision: 'float32',
      memoryFraction: null,
      programsFolder: join(CACHE_FOLDER, 'programs'),
      threads: 2
    })
    const onnx = createOnnxEngine({ threads: 1 })
    const larger = Math.max(network.imageSize, ...FAMILIES[name].sizes)
    for (const imageSize of new Set([network.imageSize, larger])) {
      for (const kind of ['embed', 'patches', 'attention', 'assign', 'heat'] as const satisfies readonly ViewKind[]) {
        const source = { folder, isCheckpoint: false }
        if ((kind === 'assign' || kind === 'heat') && !hasHead) continue
        const { program, weights, config } = await readView(source, { kind, imageSize })
        const images = pixels(imageSize, config.channels)
        const specs = program.inputs.filter((input) => input.name in weights)
        const held = specs.map((spec) => spec.name)
        const written = writeProgram(withBatch(program, IMAGES), { held, mayRound: true }, device.precision)
        const [compiled, onDevice] = [await device.compile(written), await device.hold(specs, weights)]
        const found = await compiled.run(onDevice, { images })
        await onDevice.dispose()
        compiled.dispose()
        const loaded = await onnx.load(program, { constants: weights })
        const expected = await loaded.run({ images })
        await loaded.dispose()
        assert.deepEqual(Object.keys(found), Object.keys(expected))
        for (const [output, values] of Object.entries(expected)) {
          const most = values.reduce((a, b) => Math.max(a, Math.abs(b)), 0)
          const off = values.reduce((a, b, i) => Math.max(a, Math.abs(b - found[output]![i]!)), 0)
          assert.ok(most > 0)
          assert.ok(off < TOLERANCE * Math.max(1, most), `${kind} at ${imageSize}, ${output}: off by ${off} of ${most}`)
        }
      }
    }
    device.dispose()
  })
}
