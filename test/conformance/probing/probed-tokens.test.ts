/** What a linear probe reads, against networks that end earlier and a mean by hand. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEngine } from '../../../src/engine/create-engine.ts'
import type { Engine } from '../../../src/engine/engine.ts'
import { prng } from '../../../src/math/prng.ts'
import { probeProgram, servedNetworkOf } from '../../../src/model/programs.ts'
import { initialState } from '../../../src/training/step/state.ts'
import { muRecipe } from '../../helpers/mu-recipe.ts'
import { withXla } from '../../helpers/xla.ts'

const recipe = muRecipe({ initStd: 0.2 })
const served = servedNetworkOf(recipe)
const { dim, depth, imageSize, channels } = served.network
const IMAGES = 3

const weights = Object.fromEntries(
  Object.entries(initialState(recipe)).flatMap(([name, values]) =>
    name.startsWith('teacher.backbone.') ? [[name.slice('teacher.'.length), values]] : []
  )
)
const random = prng(5)
const images = Uint8Array.from({ length: IMAGES * imageSize ** 2 * channels }, () => random.integer(256))

async function probe(engine: Engine, tokens: { blocks: number; averagesPatches: boolean }, network = served.network) {
  const names = Object.keys(weights).filter((name) => {
    const block = /blocks\.(\d+)\./.exec(name)
    return block === null || Number(block[1]) < network.depth
  })
  const constants = Object.fromEntries(names.map((name) => [name, weights[name]!]))
  const program = await engine.load(probeProgram({ ...served, network }, tokens), { constants })
  const { features } = await program.run({ images })
  await program.dispose()
  return features!
}

const columns = (features: Float32Array, part: number): number[] => {
  const width = features.length / IMAGES
  return Array.from({ length: IMAGES }, (_, row) => [
    ...features.subarray(row * width + part * dim, row * width + (part + 1) * dim)
  ]).flat()
}

function assertClose(actual: readonly number[], expected: readonly number[]): void {
  assert.equal(actual.length, expected.length)
  // Normalized rows in float32, summed in another order.
  for (const [i, value] of expected.entries())
    assert.ok(Math.abs(actual[i]! - value) < 2e-5, `${actual[i]} for ${value}`)
}

for (const engine of await withXla([createEngine({ threads: 1 }), createEngine({ name: 'cpu' })])) {
  test(`class tokens of the last blocks are those of networks that end there, on the ${engine.name} engine`, async () => {
    assert.ok(depth >= 2)
    const both = await probe(engine, { blocks: 2, averagesPatches: false })
    for (const [part, length] of [depth - 1, depth].entries()) {
      const own = await probe(engine, { blocks: 1, averagesPatches: false }, { ...served.network, depth: length })
      assertClose(columns(both, part), columns(own, 0))
    }
  })

  test(`the mean of the patches is beside the class token on the ${engine.name} engine`, async () => {
    const [both, alone] = [
      await probe(engine, { blocks: 1, averagesPatches: true }),
      await probe(engine, { blocks: 1, averagesPatches: false })
    ]
    assertClose(columns(both, 0), columns(alone, 0))
    const mean = columns(both, 1)
    assert.ok(mean.some((value, i) => Math.abs(value - columns(alone, 0)[i]!) > 0.01))
    // Each normalized token has mean 0 with the scale of 1 and shift of 0 that norms begin with, and so have their means.
    for (let row = 0; row < IMAGES; row++) {
      const sum = mean.slice(row * dim, (row + 1) * dim).reduce((total, value) => total + value, 0)
      assert.ok(Math.abs(sum) < 1e-3, `${sum}`)
    }
  })
}
