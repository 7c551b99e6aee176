/**
 * From a checkpoint to a model: the teacher's weights, ONNX programs that were checked against the training code's own
 * forward pass, and a report on the prototypes. The folder appears complete or not at all.
 */
import { join } from 'node:path'
import { draftFolder, writeDurably } from '../base/durable-files.ts'
import { encodeSafetensors } from '../base/safetensors.ts'
import type { Engine, LoadedProgram } from '../engine/engine.ts'
import type { Program } from '../engine/program.ts'
import type { TensorSpec } from '../engine/tensor-spec.ts'
import { traceToOnnx } from '../engine/trace/trace.ts'
import { warmupConstant } from '../math/schedules.ts'
import type { Recipe } from '../recipe/schema.ts'
import { networkOf } from '../ssl/network.ts'
import { networkParameters } from '../ssl/parameters.ts'
import { readCheckpoint } from '../training/checkpoint.ts'
import type { OutputFile } from '../training/events.ts'
import type { ExportEvent, ExportStage } from '../training/trainer-messages.ts'
import { mixtureAt } from './assigner.ts'
import { concatenateImages } from './embedder.ts'
import { planVerification, verifyPrograms } from './export-verify.ts'
import { type ImageSource, openImageSource } from './image-source.ts'
import { MODEL_FILES, MODEL_FORMAT, type ModelFileConfig, type PrototypeFile } from './model-files.ts'
import { assignProgram, embedProgram, servedNetworkOf } from './programs.ts'
import { countUsage, reportPrototypes } from './prototype-report.ts'

/** Training images that prototypes and densities are counted over. */
const COUNTED_IMAGES = 10_000
const BATCH = 64

export interface ExportOptions {
  readonly checkpointFolder: string
  readonly datasetFolder: string | null
  readonly outFolder: string
  /** The engine that trains: computes the expected values where the reference engine would take too long. */
  readonly engine: Engine
  readonly openOnnxFile: (path: string) => Promise<LoadedProgram>
  /** Stops between batches; nothing is left behind. */
  readonly signal?: AbortSignal
}

type Weights = Readonly<Record<string, Float32Array>>

/** What every stage reads. */
interface Export {
  readonly images: ImageSource
  readonly options: ExportOptions
  readonly recipe: Recipe
  readonly step: number
  readonly teacher: Weights
  /** Folder in the making. */
  readonly folder: string
  readonly files: OutputFile[]
}

/**
 * `export_progress` for every stage and within long ones, then `exported`; or `done` when it was stopped.
 * @throws AppError checkpoint_invalid, checkpoint_not_found, storage_full; an Error when the programs deviate
 */
export async function* exportModel(options: ExportOptions): AsyncGenerator<ExportEvent> {
  const { recipe, step, tensors } = await readCheckpoint(options.checkpointFolder)
  const { crops, channels } = recipe.hyperparameters
  const target = { imageSize: crops.global.size, channels }
  const images = await openImageSource(options.datasetFolder, { target, seed: recipe.seed })
  const draft = await draftFolder(options.outFolder)
  const teacher = teacherWeights(recipe, tensors)
  const work: Export = { options, images, recipe, step, teacher, folder: draft.path, files: [] }
  try {
    yield beginning('weights')
    await writeWeights(work)
    yield beginning('programs')
    await writePrograms(work)
    const assign = await options.openOnnxFile(join(draft.path, MODEL_FILES.assign))
    try {
      yield beginning('verification')
      await writeVerification(work, assign)
      yield* writePrototypes(work, assign)
    } finally {
      await assign.dispose()
    }
    if (options.signal?.aborted) return yield { type: 'done', step, reason: 'stopped' }
    yield beginning('files')
    await writeJson(work, MODEL_FILES.config, modelConfig(work))
    await draft.publish()
    yield { type: 'exported', folder: options.outFolder, files: work.files, step }
  } finally {
    await draft.discard()
    await images.close()
  }
}

async function writeWeights(work: Export): Promise<void> {
  const specs = networkParameters(networkOf(work.recipe))
  for (const part of ['backbone', 'head'] as const) {
    const tensors = specs
      .filter(({ name }) => name.startsWith(`${part}.`))
      .map(({ name, shape }) => [name, { shape, data: work.teacher[name]! }] as const)
    await write(work, MODEL_FILES[part], encodeSafetensors(new Map(tensors), { format: 'pt', step: String(work.step) }))
  }
}

async function writePrograms(work: Export): Promise<void> {
  for (const [path, program] of programsOf(work.recipe)) {
    await write(work, path, [traceToOnnx(program, { constants: weightsOf(program, work.teacher) })])
  }
}

async function writeVerification(work: Export, assign: LoadedProgram): Promise<void> {
  const { recipe, options, images } = work
  const { reference, images: wanted } = planVerification(recipe, options.engine)
  const pixels: Uint8Array[] = []
  for await (const batch of images.batches(wanted, BATCH)) pixels.push(...batch)
  const opened: LoadedProgram[] = []
  try {
    const cases = []
    for (const [path, program] of programsOf(recipe)) {
      const exported = path === MODEL_FILES.assign ? assign : await options.openOnnxFile(join(work.folder, path))
      const expected = await reference.load(program)
      opened.push(expected, ...(exported === assign ? [] : [exported]))
      cases.push({ exported, expected, weights: weightsOf(program, work.teacher) })
    }
    const report = await verifyPrograms(cases, { pixels, isOnDataset: images.datasetImages > 0 }, reference)
    await writeJson(work, MODEL_FILES.verification, report)
  } finally {
    for (const program of opened) await program.dispose()
  }
}

async function* writePrototypes(work: Export, assign: LoadedProgram): AsyncGenerator<ExportEvent> {
  const { teacher, options, images } = work
  const mixture = mixtureAt(teacher['head.last_layer.weight_g']!, modelConfig(work))
  const counts = countUsage(mixture)
  yield beginning('prototypes')
  const wanted = Math.min(COUNTED_IMAGES, images.datasetImages)
  for await (const batch of images.batches(wanted, BATCH)) {
    if (options.signal?.aborted) return
    const { cosine } = await assign.run({ images: concatenateImages(batch) })
    counts.add(cosine!)
    yield { type: 'export_progress', stage: 'prototypes', share: counts.images / wanted }
  }
  const report: PrototypeFile = reportPrototypes(mixture, teacher['head.last_layer.weight_v']!, counts)
  // On one line: a head of 65,536 prototypes has ten megabytes of them.
  await write(work, MODEL_FILES.prototypes, [Buffer.from(JSON.stringify(report))])
}

const programsOf = (recipe: Recipe): [path: string, program: Program][] => [
  [MODEL_FILES.embed, embedProgram(servedNetworkOf(recipe))],
  [MODEL_FILES.assign, assignProgram(servedNetworkOf(recipe))]
]

const IMAGES_INPUT = 'images'

const weightsOf = ({ inputs }: Program, teacher: Weights): Weights =>
  Object.fromEntries(
    inputs.filter(({ name }: TensorSpec) => name !== IMAGES_INPUT).map(({ name }) => [name, teacher[name]!])
  )

const teacherWeights = (recipe: Recipe, tensors: Weights): Weights =>
  Object.fromEntries(networkParameters(networkOf(recipe)).map(({ name }) => [name, tensors[`teacher.${name}`]!]))

function modelConfig({ recipe, step }: Export): ModelFileConfig {
  const { hyperparameters: h, method, arch, patchSize } = recipe
  return {
    format: MODEL_FORMAT,
    method,
    arch,
    patchSize,
    imageSize: h.crops.global.size,
    channels: h.channels,
    normalization: h.normalization,
    embeddingDim: networkOf(recipe).dim,
    bottleneckDim: h.bottleneckDim,
    prototypes: h.prototypes,
    temperature: finalTeacherTemperature(recipe),
    studentTemperature: h.studentTemperature,
    step,
    recipe
  }
}

/** Of the last epoch: a warm-up as long as the run never reaches a later one. An untrained network has the schedule's end. */
function finalTeacherTemperature({ hyperparameters: { epochs, teacherTemperature } }: Recipe): number {
  const [start, end, warmup] = teacherTemperature
  return epochs === 0 ? end : warmupConstant({ start, end, warmup }, epochs - 1)
}

const beginning = (stage: ExportStage): ExportEvent => ({ type: 'export_progress', stage, share: 0 })

async function write({ folder, files }: Export, path: string, chunks: Uint8Array[]): Promise<void> {
  files.push({ path, ...(await writeDurably(join(folder, path), chunks)) })
}

const writeJson = (work: Export, path: string, value: unknown): Promise<void> =>
  write(work, path, [Buffer.from(`${JSON.stringify(value, null, 2)}\n`)])
