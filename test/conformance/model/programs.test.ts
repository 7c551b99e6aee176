/** What an exported model computes, on all engines alike, whatever the batch. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEngine } from '../../../src/engine/create-engine.ts'
import type { Engine, Feeds, Outputs } from '../../../src/engine/engine.ts'
import type { Program } from '../../../src/engine/program.ts'
import { assignProgram, embedProgram, servedNetworkOf } from '../../../src/model/programs.ts'
import { resolveRecipe } from '../../../src/recipe/presets.ts'
import { initialState } from '../../../src/training/step/state.ts'
import { whyNoXla } from '../../helpers/pjrt.ts'
import { withTfjsNode } from '../../helpers/tfjs-node.ts'
import { compileQuickly, withXla, xlaIn } from '../../helpers/xla.ts'

compileQuickly()

const recipe = resolveRecipe({ preset: 'mu', method: 'dino-vmf' })
const state = initialState(recipe)
const { channels, crops } = recipe.hyperparameters
const imageBytes = crops.global.size ** 2 * channels

const imagesOf = (count: number): Uint8Array =>
  Uint8Array.from({ length: count * imageBytes }, (_, i) => (i * 7919) % 256)

const weightsOf = (program: Program): Feeds =>
  Object.fromEntries(
    program.inputs.filter(({ name }) => name !== 'images').map(({ name }) => [name, state[`teacher.${name}`]!])
  )

async function runAt(engine: Engine, program: Program, counts: readonly number[]): Promise<Outputs[]> {
  const loaded = await engine.load(program)
  const outputs = []
  for (const count of counts) outputs.push(await loaded.run({ ...weightsOf(program), images: imagesOf(count) }))
  await loaded.dispose()
  return outputs
}

function assertClose(actual: Outputs, expected: Outputs, engine: string): void {
  for (const [name, values] of Object.entries(expected)) {
    assert.equal(actual[name]!.length, values.length)
    values.forEach((value, i) => {
      assert.ok(
        Math.abs(value - actual[name]![i]!) < 2e-6,
        `${engine}, ${name}[${i}]: ${actual[name]![i]} for ${value}`
      )
    })
  }
}

const reference = createEngine({ name: 'cpu' })
const engines = await withXla(withTfjsNode([createEngine({ threads: 2 })]))

for (const programOf of [embedProgram, assignProgram]) {
  test(`the engines agree on ${programOf.name}, whatever the batch`, async () => {
    const program = programOf(servedNetworkOf(recipe))
    const counts = [1, 3, 1]
    const expected = await runAt(reference, program, counts)
    for (const engine of engines) {
      for (const [i, actual] of (await runAt(engine, program, counts)).entries()) {
        assertClose(actual, expected[i]!, engine.name)
        const norm = Math.hypot(...actual['embedding']!.slice(0, 32))
        assert.ok(Math.abs(norm - 1) < 1e-6)
      }
    }
  })
}

test('a thousand batches of changing sizes leave no memory behind on xla', { skip: whyNoXla }, async () => {
  const engine = await xlaIn('float32')
  const program = embedProgram(servedNetworkOf(recipe))
  const loaded = await engine.load(program)
  const weights = weightsOf(program)
  const take = async (batches: number) => {
    for (let i = 0; i < batches; i++) await loaded.run({ ...weights, images: imagesOf(i % 2 === 0 ? 1 : 3) })
  }
  await take(100)
  const before = process.memoryUsage.rss()
  await take(1000)
  const grownBytes = process.memoryUsage.rss() - before
  await loaded.dispose()
  const weightBytes = Object.values(weights).reduce((sum, { byteLength }) => sum + byteLength, 0)
  assert.ok(grownBytes < (1000 * weightBytes) / 2, `${grownBytes} bytes more, of weights of ${weightBytes}`)
})
