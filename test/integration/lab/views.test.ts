/** Models at other sizes and asked for other outputs, against what their own code embeds, the eager engine, and sums by hand. */
import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createEngine } from '../../../src/engine/create-engine.ts'
import { openOnnxFile } from '../../../src/engine/onnx-session.ts'
import type { Program } from '../../../src/engine/program.ts'
import { tf } from '../../../src/engine/tf.ts'
import type { ImportedWeights } from '../../../src/interop/import-weights.ts'
import { assignProgram } from '../../../src/model/programs.ts'
import { writeView } from '../../../src/model/view.ts'
import type { ServedView } from '../../../src/protocol/inference-messages.ts'
import { type ModelFileConfig, programFile } from '../../../src/protocol/model-folder.ts'
import { leadingTokens, ROTARY_BASE } from '../../../src/recipe/network.ts'
import { createViews } from '../../../src/serving/served-view.ts'
import { backboneOf, leavingRows, normalizeRows } from '../../../src/ssl/backbone.ts'
import { bottleneck } from '../../../src/ssl/head.ts'
import { pixelPatches } from '../../../src/ssl/patches.ts'
import { golden, IMAGES, pixels } from '../../conformance/interop/golden.ts'
import { FAMILIES, FAMILY_NAMES, type Family, stored, writeWeights } from './family-folders.ts'
import { labFolder } from './lab-folder.ts'

const eager = createEngine({ name: 'cpu' })
const openFile = (path: string) => openOnnxFile(path, { threads: 1 })
/** Float32 in other orders; what is wrong is off by 1e-2 and more. */
const TOLERANCE = 1e-4
const folders = new Map<Family, string>()
const cleanUps: (() => unknown)[] = []
let root = ''
before(async () => {
  const lab = await labFolder({ after: (cleanUp) => cleanUps.unshift(cleanUp) })
  root = lab.root
  for (const name of FAMILY_NAMES) {
    const folder = lab.at(name)
    await mkdir(folder)
    await writeWeights(folder, await stored(name))
    folders.set(name, folder)
  }
})
after(async () => {
  for (const cleanUp of cleanUps) await cleanUp()
})

/** @returns what the view's program gives for the script's images */
async function see(name: Family, view: ServedView): Promise<{ config: ModelFileConfig; values: Float32Array }> {
  const programs = join(root, `${name}-${view.kind}-${view.imageSize}`)
  await mkdir(programs, { recursive: true })
  const config = await writeView({ folder: folders.get(name)!, isCheckpoint: false }, view, programs)
  const program = await openFile(join(programs, programFile(view.kind)))
  const outputs = await program.run({ images: pixels(view.imageSize, config.channels) })
  await program.dispose()
  const output = {
    embed: 'embedding',
    assign: 'bottleneck',
    patches: 'patches',
    attention: 'attention',
    heat: 'cosine'
  }
  return { config, values: outputs[output[view.kind]]! }
}

/** Rows that leave block `block` on the eager engine, or all of them after the final normalization: [tokens, images, dim]. */
async function eagerRows(name: Family, config: ModelFileConfig, block: number | null): Promise<Float32Array> {
  const { weights, network } = await stored(name)
  assert.equal(network.imageSize, config.imageSize, 'the size as stored')
  const names = Object.keys(weights).filter((one) => one.startsWith('backbone.'))
  const program: Program = {
    name: 'rows',
    inputs: [{ name: 'images', shape: [-1, network.imageSize, network.imageSize, network.channels], dtype: 'uint8' }],
    outputs: ['rows'],
    build: (inputs) => {
      const parameters = Object.fromEntries(
        names.map((one) => [one, tf.tensor(weights[one]!, shapeOf(one, weights[one]!.length, config))])
      )
      const backbone = backboneOf(network, parameters)
      let seen: tf.Tensor | null = null
      const patches = pixelPatches(inputs['images']!, network.patchSize, config.normalization)
      const observe = (at: number, rows: tf.Tensor) => {
        if (at === block) seen = tf.keep(tf.clone(rows))
      }
      const [rows] = leavingRows(backbone, [{ patches, leaving: 'all', observe }])
      return { rows: seen ?? normalizeRows(backbone, rows!) }
    }
  }
  const loaded = await eager.load(program)
  const { rows } = await loaded.run({ images: pixels(network.imageSize, network.channels) })
  await loaded.dispose()
  return rows!
}

/** As assignProgram declares them. */
function shapeOf(name: string, length: number, { network, normalization }: ModelFileConfig): number[] {
  const spec = assignProgram({ network, normalization }).inputs.find((input) => input.name === name)!
  assert.equal(
    spec.shape.reduce((product, size) => product * size, 1),
    length
  )
  return [...spec.shape]
}

function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  assert.equal(actual.length, expected.length, what)
  for (let i = 0; i < expected.length; i++)
    assert.ok(Math.abs(actual[i]! - expected[i]!) <= TOLERANCE, `${what}[${i}]: ${actual[i]} instead of ${expected[i]}`)
}

for (const name of FAMILY_NAMES) {
  for (const imageSize of FAMILIES[name].sizes) {
    test(`${name} is served at ${imageSize} px as its own code embeds it there`, async () => {
      const { values } = await see(name, { kind: 'embed', imageSize })
      assertClose(values, golden.cases[name]!.embeddings![imageSize]!.flat(), 'embedding')
    })
  }

  test(`tokens of patches of ${name} are those of the eager engine, without class token and registers`, async () => {
    const { network } = await stored(name)
    const { config, values } = await see(name, { kind: 'patches', imageSize: network.imageSize })
    const rows = await eagerRows(name, config, null)
    const { dim } = network
    const leading = leadingTokens(network)
    const patches = (network.imageSize / network.patchSize) ** 2
    const expected = new Float32Array(IMAGES * patches * dim)
    for (let image = 0; image < IMAGES; image++)
      for (let p = 0; p < patches; p++)
        for (let d = 0; d < dim; d++)
          expected[(image * patches + p) * dim + d] = rows[((leading + p) * IMAGES + image) * dim + d]!
    assertClose(values, expected, 'patches')
  })

  test(`attention of ${name} is softmax(q kᵀ / √d) of its class token, summed by hand`, async () => {
    const { network, weights } = await stored(name)
    const { config, values } = await see(name, { kind: 'attention', imageSize: network.imageSize })
    assert.ok(network.depth >= 2)
    const entering = await eagerRows(name, config, network.depth - 2)
    assertClose(values, attentionByHand(entering, weights, config), 'attention')
  })
}

/** Float64, token by token. */
function attentionByHand(rows: Float32Array, weights: ImportedWeights['weights'], { network }: ModelFileConfig) {
  const { dim, heads, depth, patchSize, imageSize } = network
  const part = (name: string) => weights[`backbone.blocks.${depth - 1}.${name}`]!
  const tokens = rows.length / dim / IMAGES
  const size = dim / heads
  const side = imageSize / patchSize
  const normalized = (token: number, image: number): number[] => {
    const at = (token * IMAGES + image) * dim
    const x = [...rows.subarray(at, at + dim)]
    const mean = x.reduce((a, b) => a + b, 0) / dim
    const variance = x.reduce((a, b) => a + (b - mean) ** 2, 0) / dim
    const deviation = Math.sqrt(variance + (network.layerNormEps ?? 1e-6))
    return x.map((value, d) => ((value - mean) / deviation) * part('norm1.weight')[d]! + part('norm1.bias')[d]!)
  }
  const projected = (x: readonly number[], from: number): number[] =>
    Array.from({ length: dim }, (_, i) => {
      const row = (from + i) * dim
      const bias = from === 0 ? part('attn.qkv.bias')[i]! : 0
      return x.reduce((sum, value, d) => sum + value * part('attn.qkv.weight')[row + d]!, bias)
    })
  const turned = (k: number[], token: number): number[] => {
    const patch = token - leadingTokens(network)
    if (network.positions !== 'rotary' || patch < 0) return k
    const centers = [Math.floor(patch / side), patch % side].map((at) => (2 * (at + 0.5)) / side - 1)
    return k.map((value, i) => {
      const j = i % (size / 2)
      const angle =
        (2 * Math.PI * centers[Math.floor(j / (size / 4))]!) / ROTARY_BASE ** ((j % (size / 4)) / (size / 4))
      const other = i < size / 2 ? -k[i + size / 2]! : k[i - size / 2]!
      return value * Math.cos(angle) + other * Math.sin(angle)
    })
  }
  const result: number[] = []
  for (let image = 0; image < IMAGES; image++) {
    const q = projected(normalized(0, image), 0)
    const keys = Array.from({ length: tokens }, (_, token) => projected(normalized(token, image), dim))
    for (let head = 0; head < heads; head++) {
      const own = (vector: readonly number[]) => vector.slice(head * size, (head + 1) * size)
      const scores = keys.map((key, token) =>
        turned(own(key), token).reduce((sum, value, i) => sum + value * own(q)[i]!, 0)
      )
      const exps = scores.map((score) => Math.exp(score / Math.sqrt(size)))
      const total = exps.reduce((a, b) => a + b, 0)
      result.push(...exps.map((value) => value / total))
    }
  }
  return result
}

test('cosines of a heat map are those of the class token and of each patch, through the head', async () => {
  const name = 'dino-full'
  const { network, weights } = await stored(name)
  const { config, values } = await see(name, { kind: 'heat', imageSize: network.imageSize })
  const { dim, prototypes, bottleneckDim } = network
  const rows = await eagerRows(name, config, null)
  const ofHead = Object.keys(weights).filter((one) => one.startsWith('head.mlp'))
  const program: Program = {
    name: 'head',
    inputs: [{ name: 'rows', shape: [-1, dim], dtype: 'float32' }],
    outputs: ['y'],
    build: (inputs) => {
      const shaped = ofHead.map((one) => [one, tf.tensor(weights[one]!, shapeOf(one, weights[one]!.length, config))])
      return { y: bottleneck(Object.fromEntries(shaped), inputs['rows']!) }
    }
  }
  const loaded = await eager.load(program)
  const { y } = await loaded.run({ rows })
  await loaded.dispose()
  const tokens = rows.length / dim / IMAGES
  const expected: number[] = []
  for (let image = 0; image < IMAGES; image++)
    for (let token = 0; token < tokens; token++)
      for (let k = 0; k < prototypes; k++) {
        const v = weights['head.last_layer.weight_v']!.subarray(k * bottleneckDim, (k + 1) * bottleneckDim)
        const sign = Math.sign(weights['head.last_layer.weight_g']![k]!)
        const at = (token * IMAGES + image) * bottleneckDim
        expected.push((sign * v.reduce((sum, value, d) => sum + value * y![at + d]!, 0)) / Math.hypot(...v))
      }
  assertClose(values, expected, 'cosine')
})

test('a view that a model lacks is refused by its reason, and the next one is opened all the same', async () => {
  const openView = createViews(openFile)
  const headless = openView({ folder: folders.get('dino-backbone')!, view: { kind: 'heat', imageSize: 16 } })
  const good = openView({ folder: folders.get('dino-backbone')!, view: { kind: 'patches', imageSize: 24 } })
  await assert.rejects(headless, { code: 'model_without_head' })
  const model = await good
  const one = pixels(24).subarray(0, 24 * 24 * 3)
  const [row] = await (await model.open('patches')).run([one])
  assert.equal(row!.length, (24 / model.config.patchSize) ** 2 * model.config.embeddingDim)
  assert.ok(model.bytes > 0, 'it counts among the bytes of models')
  await model.dispose()
})

test('whoever asks for many views of one model keeps nobody waiting but others of that model', async () => {
  const opened: string[] = []
  const openView = createViews(openFile)
  const open = async (name: Family, imageSize: number) => {
    const model = await openView({ folder: folders.get(name)!, view: { kind: 'patches', imageSize } })
    opened.push(`${name} ${imageSize}`)
    await model.dispose()
  }
  await Promise.all([
    open('dino-backbone', 16),
    open('dino-backbone', 24),
    open('dino-backbone', 32),
    open('dinov2-swiglu', 12)
  ])
  // The first was begun when nobody waited, which is held against no model.
  assert.deepEqual(opened, ['dino-backbone 16', 'dino-backbone 24', 'dinov2-swiglu 12', 'dino-backbone 32'])
})
