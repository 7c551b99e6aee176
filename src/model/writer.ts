/**
 * Writes a model folder: weights, ONNX programs that were checked against the training code's own forward pass, the same
 * backbone for `transformers`, and a report on the prototypes. The folder appears complete or not at all.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { draftFolder, writeDurably } from '../base/durable-files.ts'
import type { Precisions } from '../base/precision.ts'
import { encodeSafetensors } from '../base/safetensors.ts'
import type { Engine, LoadedProgram } from '../engine/engine.ts'
import type { Program } from '../engine/program.ts'
import { quantizeOnnxFile } from '../engine/quantize.ts'
import { traceToOnnx } from '../engine/trace/trace.ts'
import type { ExportEvent, ExportStage } from '../protocol/export-messages.ts'
import { type HeadConfig, headOf, MODEL_FILES, type ModelFileConfig } from '../protocol/model-folder.ts'
import type { OutputFile } from '../protocol/training-events.ts'
import { backboneParameters, headParameters } from '../ssl/parameters.ts'
import { describePrototypes } from './describe-prototypes.ts'
import { huggingFaceConfig, huggingFaceProcessor, huggingFaceTensors } from './hugging-face.ts'
import { type ImageSource, openImageSource } from './image-source.ts'
import { measurePrecision } from './precision.ts'
import { assignProgram, embedProgram } from './programs.ts'
import { VERIFIED_IMAGES, verifyPrograms } from './verify.ts'

const BATCH = 64

export interface WriteOptions {
  readonly datasetFolder: string | null
  readonly outFolder: string
  /** The engine that trains: computes the expected values. */
  readonly engine: Engine
  readonly openOnnxFile: (path: string) => Promise<LoadedProgram>
  /** Stops between batches; nothing is left behind. */
  readonly signal?: AbortSignal
}

export type Weights = Readonly<Record<string, Float32Array>>

export interface ModelSubject {
  readonly config: ModelFileConfig
  /** `backbone.*`, and `head.*` where the configuration has a head. */
  readonly weights: Weights
  /** [K] of the teacher's logits, as training has it; null where there is none or nobody knows it. */
  readonly center: Float32Array | null
  /** Of the noise that stands in for images, and of which images are held out. */
  readonly seed: number
}

/** What every stage reads. */
interface Work extends ModelSubject {
  readonly images: ImageSource
  readonly options: WriteOptions
  readonly programs: ReadonlyMap<string, Program>
  /** Folder in the making. */
  readonly folder: string
  readonly files: OutputFile[]
}

/**
 * `export_progress` for every stage and within long ones, then `exported`; or `done` when it was stopped.
 * @throws AppError storage_full; an Error when the programs deviate
 */
export async function* writeModel(subject: ModelSubject, options: WriteOptions): AsyncGenerator<ExportEvent> {
  const { config, weights, seed } = subject
  const { step } = config
  const images = await openImageSource(options.datasetFolder, { target: config, seed })
  const draft = await draftFolder(options.outFolder)
  const work: Work = { ...subject, options, images, programs: programsOf(config), folder: draft.path, files: [] }
  const stopped: ExportEvent = { type: 'done', step, reason: 'stopped' }
  try {
    yield beginning('weights')
    await writeWeights(work)
    yield beginning('programs')
    for (const [path, program] of work.programs) await write(work, path, [traced(program, weights)])
    yield* writeVerification(work)
    if (options.signal?.aborted) return yield stopped
    const precisions = yield* writePrecisions(work)
    if (options.signal?.aborted) return yield stopped
    const head = headOf(config)
    if (head !== null) yield* writePrototypes(work, head)
    if (options.signal?.aborted) return yield stopped
    yield beginning('files')
    await writeJson(work, MODEL_FILES.config, { ...config, precisions })
    await draft.publish()
    yield { type: 'exported', folder: options.outFolder, files: work.files, step }
  } finally {
    await draft.discard()
    await images.close()
  }
}

/** The programs alone, unchecked: of what is measured and thrown away. */
export async function writePrograms({ config, weights }: ModelSubject, folder: string): Promise<void> {
  for (const [path, program] of programsOf(config)) await writeFile(join(folder, path), traced(program, weights))
}

const traced = (program: Program, weights: Weights): Uint8Array =>
  traceToOnnx(program, { constants: weightsOf(program, weights) })

function programsOf(config: ModelFileConfig): ReadonlyMap<string, Program> {
  const embed = [MODEL_FILES.embed, embedProgram(config)] as const
  return new Map(headOf(config) === null ? [embed] : [embed, [MODEL_FILES.assign, assignProgram(config)]])
}

async function writeWeights(work: Work): Promise<void> {
  const { config, weights } = work
  const parts = [
    [MODEL_FILES.backbone, backboneParameters(config.network)] as const,
    ...(headOf(config) === null ? [] : [[MODEL_FILES.head, headParameters(config.network)] as const])
  ]
  const metadata = metadataOf(config)
  for (const [path, specs] of parts) {
    const tensors = new Map(specs.map(({ name, shape }) => [name, { shape, data: weights[name]! }]))
    await write(work, path, encodeSafetensors(tensors, metadata))
  }
  await write(work, MODEL_FILES.huggingFaceWeights, encodeSafetensors(huggingFaceTensors(config, weights), metadata))
  await writeJson(work, MODEL_FILES.huggingFaceConfig, huggingFaceConfig(config))
  await writeJson(work, MODEL_FILES.huggingFaceProcessor, huggingFaceProcessor(config))
}

async function* writeVerification(work: Work): AsyncGenerator<ExportEvent> {
  const { options, images, programs, weights } = work
  yield beginning('verification')
  const pixels: Uint8Array[] = []
  for await (const batch of images.batches(VERIFIED_IMAGES, BATCH)) pixels.push(...batch)
  const exported: LoadedProgram[] = []
  try {
    for (const path of programs.keys()) exported.push(await options.openOnnxFile(join(work.folder, path)))
    // The last program computes what the ones before it do, and more.
    const widest = [...programs.values()].at(-1)!
    const checks = verifyPrograms(
      {
        network: work.config.network,
        exported,
        load: (engine) => engine.load(widest),
        weights: weightsOf(widest, weights),
        engine: options.engine
      },
      { pixels, isOnDataset: images.datasetImages > 0 }
    )
    for (let check = await checks.next(); ; check = await checks.next()) {
      if (check.done) return await writeJson(work, MODEL_FILES.verification, check.value)
      if (options.signal?.aborted) return
      yield { type: 'export_progress', stage: 'verification', share: check.value }
    }
  } finally {
    for (const program of exported) await program.dispose()
  }
}

async function* writePrecisions(work: Work): AsyncGenerator<ExportEvent, Precisions> {
  const { folder, images, config, options } = work
  yield beginning('precision')
  const path = join(folder, MODEL_FILES.embed)
  await write(work, MODEL_FILES.embedInt8, [await quantizeOnnxFile(path)])
  const exact = await options.openOnnxFile(path)
  const rounded = await options.openOnnxFile(join(folder, MODEL_FILES.embedInt8))
  try {
    const { embeddingDim: dim } = config
    const measuring = measurePrecision({
      images,
      exact,
      rounded,
      dim,
      ...(options.signal && { signal: options.signal })
    })
    for (let step = await measuring.next(); ; step = await measuring.next()) {
      if (step.done) return { int8: step.value }
      yield { type: 'export_progress', stage: 'precision', share: step.value }
    }
  } finally {
    await exact.dispose()
    await rounded.dispose()
  }
}

async function* writePrototypes(work: Work, head: HeadConfig): AsyncGenerator<ExportEvent> {
  const { weights, center, options, images, config, seed } = work
  const openAssign = () => options.openOnnxFile(join(work.folder, MODEL_FILES.assign))
  const subject = { head, weights, center, images, seed, openAssign, ...(options.signal && { signal: options.signal }) }
  const described = yield* describePrototypes(subject)
  if (described === null) return
  // On one line: a head of 65,536 prototypes has ten megabytes of them.
  await write(work, MODEL_FILES.prototypes, [Buffer.from(JSON.stringify(described.report))])
  if (described.tensors.size === 0) return
  await write(work, MODEL_FILES.mixture, encodeSafetensors(described.tensors, metadataOf(config)))
}

const metadataOf = ({ step }: ModelFileConfig) => ({ format: 'pt', step: String(step) })

const IMAGES_INPUT = 'images'

const weightsOf = ({ inputs }: Program, weights: Weights): Weights =>
  Object.fromEntries(inputs.filter(({ name }) => name !== IMAGES_INPUT).map(({ name }) => [name, weights[name]!]))

const beginning = (stage: ExportStage): ExportEvent => ({ type: 'export_progress', stage, share: 0 })

async function write({ folder, files }: Work, path: string, chunks: Uint8Array[]): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true })
  files.push({ path, ...(await writeDurably(join(folder, path), chunks)) })
}

const writeJson = (work: Work, path: string, value: unknown): Promise<void> =>
  write(work, path, [Buffer.from(`${JSON.stringify(value, null, 2)}\n`)])
