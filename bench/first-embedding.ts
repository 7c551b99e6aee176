/**
 * An inference server that is started, to its first embedding: ViT-S/16 of 224 px, weights of 84 MiB, a JPEG of 500 x 375. How
 * long is somebody kept waiting whose request is the first one after a scale-up?
 *
 *   npm run bench -- first-embedding [--starts 5] [--preset vit-small-16] [--threads N]
 *
 * The process that the API forks, started anew each time; the second embedding beside it is what stays. The files lie in the page cache.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import sharp from 'sharp'
import { elementCount } from '../src/engine/tensor-spec.ts'
import { OPSET } from '../src/engine/trace/onnx-model.ts'
import { prng } from '../src/math/prng.ts'
import { servedNetworkOf } from '../src/model/programs.ts'
import { writePrograms } from '../src/model/writer.ts'
import { DEFAULT_INFERENCE_SETTINGS } from '../src/protocol/inference-messages.ts'
import { MODEL_FILES, MODEL_FORMAT, type ModelFileConfig, POOLING } from '../src/protocol/model-folder.ts'
import { preprocessingOf } from '../src/recipe/preprocessing.ts'
import { resolveRecipe } from '../src/recipe/presets.ts'
import { backboneParameters } from '../src/ssl/parameters.ts'
import { processorMs } from './step/processor-time.ts'

const { values } = parseArgs({
  options: {
    starts: { type: 'string', default: '5' },
    preset: { type: 'string', default: 'vit-small-16' },
    threads: { type: 'string', default: String(availableParallelism()) }
  }
})
const ENTRY = resolve(import.meta.dirname, '../src/bin/inference.ts')
const NO_HEAD = { method: null, bottleneckDim: null, prototypes: null, temperature: null, centering: null }

/** Without a head, with weights that were drawn: what they are does not change what they cost. */
async function writeModelFolder(folder: string): Promise<void> {
  const recipe = resolveRecipe({ preset: values.preset })
  const { network, normalization } = servedNetworkOf(recipe)
  const random = prng(1)
  const draw = () => random.uniformBetween(-0.02, 0.02)
  const weights = Object.fromEntries(
    backboneParameters(network).map(({ name, shape }) => [
      name,
      Float32Array.from({ length: elementCount(shape) }, draw)
    ])
  )
  const config: ModelFileConfig = {
    format: MODEL_FORMAT,
    ...NO_HEAD,
    arch: recipe.arch,
    network,
    patchSize: network.patchSize,
    imageSize: network.imageSize,
    channels: network.channels,
    preprocessing: preprocessingOf(recipe),
    normalization,
    embeddingDim: network.dim,
    pooling: POOLING,
    studentTemperature: null,
    step: 0,
    onnxOpset: OPSET,
    recipe: null,
    origin: null
  }
  await writePrograms({ config, weights, center: null, seed: 0 }, folder)
  await writeFile(join(folder, MODEL_FILES.config), JSON.stringify(config))
}

async function start(folder: string, image: Uint8Array) {
  const settings = { ...DEFAULT_INFERENCE_SETTINGS, threads: Number(values.threads) }
  const begun = performance.now()
  const child = fork(ENTRY, [JSON.stringify(settings)], { serialization: 'advanced' })
  const embedded = async (id: number) => {
    const asker = { key: 'bench', request: id }
    child.send({
      id,
      kind: 'embed',
      model: { id: 'bench', folder },
      images: [image],
      asker,
      isHeld: false,
      options: {}
    })
    for (;;) {
      const [message] = await once(child, 'message')
      if (message.id !== id) continue
      if (message.ok !== true) throw new Error(JSON.stringify(message))
      return performance.now() - begun
    }
  }
  try {
    const firstMs = await embedded(1)
    const firstProcessorMs = processorMs(child.pid!)
    return { firstMs, firstProcessorMs, secondMs: (await embedded(2)) - firstMs }
  } finally {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
}

const folder = await mkdtemp(join(tmpdir(), 'kappa-first-embedding-'))
try {
  await writeModelFolder(folder)
  const plain = { width: 500, height: 375, channels: 3 as const, background: '#7a5' }
  const image = await sharp({ create: plain }).jpeg().toBuffer()
  const load = loadavg()[0]!.toFixed(1)
  process.stdout.write(`${cpus()[0]?.model}, ${availableParallelism()} cores, load ${load}, ${values.preset}\n`)
  for (let i = 0; i < Number(values.starts); i++) {
    const { firstMs, firstProcessorMs, secondMs } = await start(folder, image)
    const first = `first embedding after ${firstMs.toFixed(0)} ms, ${firstProcessorMs} ms of a processor`
    process.stdout.write(`${first}; the second after ${secondMs.toFixed(0)} ms more\n`)
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
