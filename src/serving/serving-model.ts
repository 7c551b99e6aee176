/** An exported model, ready to answer: its ONNX programs are opened when they are first asked for. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../base/errors.ts'
import type { CachedModel } from '../cache/model-cache.ts'
import { SharedCache } from '../cache/shared-cache.ts'
import type { LoadedProgram } from '../engine/engine.ts'
import { mixtureAt, teacherMixture, type Views } from '../model/assigner.ts'
import { concatenateImages, splitRows } from '../model/embedder.ts'
import { forwardFlops } from '../model/forward-flops.ts'
import { fittedView, readMixture } from '../model/mixture-file.ts'
import {
  type HeadConfig,
  headOf,
  MODEL_FILES,
  type ModelFileConfig,
  readModelConfig,
  readPrototypes
} from '../protocol/model-folder.ts'

export type ServedKind = 'embed' | 'embedInt8' | 'assign'

/**
 * @param pixels images of [S, S, C] bytes; returns per image its unit embedding [D], or its cosines to the prototypes [K] and
 *   its bottleneck vector [p], one behind the other
 */
export interface ServedProgram {
  run(pixels: readonly Uint8Array[]): Promise<Float32Array[]>
  /** Images that suit one run; one where it is left out. */
  readonly batch?: number
  /** Runs that compute at the same time; left out, one has to end before the next begins. */
  readonly sessions?: number
}

export interface ServedHead extends HeadConfig {
  /** At the model's own temperature. */
  readonly views: Views
  /** [K] prototype norms. */
  readonly norms: Float64Array
}

export interface ServingModel extends CachedModel {
  readonly config: ModelFileConfig
  /** Null: embeddings only. */
  readonly head: ServedHead | null
  /**
   * @param from where the model's files are now: a model that stays open may outlive the folder it was opened from
   * @throws AppError model_without_head, precision_unavailable, and what opening an ONNX file throws
   */
  open(kind: ServedKind, from?: string): Promise<ServedProgram>
}

/** @param bytes of the file; a program with several sessions takes runs that overlap */
export type OpenOnnxFile = (path: string, bytes: number) => Promise<LoadedProgram & { readonly sessions?: number }>

/**
 * Multiplications and additions of one run, so that a batch stays in the caches and nobody waits long behind one: 0.1 s on one core with
 * AVX-512, 2 images of ViT-S/16. More of them cost more each: 41 ms in batches of 2 to 8, 44 in 16, 54 in 64.
 */
const BATCH_FLOPS = 20e9
/** A small network's; calling it costs more than computing it. */
const MOST_IMAGES = 64

const OUTPUTS = { embed: ['embedding'], embedInt8: ['embedding'], assign: ['cosine', 'bottleneck'] } as const

/** @throws AppError model_not_ready */
export async function openServingModel(
  folder: string,
  openOnnxFile: OpenOnnxFile,
  sessionsOf?: (bytes: number) => number
): Promise<ServingModel> {
  const config = await readModelConfig(folder)
  return createServingModel({
    config,
    head: await openHead(folder, config),
    folder,
    openOnnxFile,
    ...(sessionsOf && { sessionsOf })
  })
}

export interface Served {
  readonly config: ModelFileConfig
  readonly head: ServedHead | null
  /** Of the programs. */
  readonly folder: string
  readonly openOnnxFile: OpenOnnxFile
  /** Sessions of a program whose file has so many bytes, each of which holds them; one where it is left out. */
  readonly sessionsOf?: (bytes: number) => number
}

/** @throws an Error where a program is not there */
export async function createServingModel(served: Served): Promise<ServingModel> {
  const { config, head, folder, openOnnxFile, sessionsOf = () => 1 } = served
  const sizeOf = async (kind: ServedKind) => (await stat(join(folder, MODEL_FILES[kind]))).size
  const isRounded = config.precisions?.int8 !== undefined
  const sizes = {
    embed: await sizeOf('embed'),
    embedInt8: isRounded ? await sizeOf('embedInt8') : 0,
    assign: head === null ? 0 : await sizeOf('assign')
  }
  const unclosed: unknown[] = []
  // They stay as long as the model: what they cost is counted in its bytes.
  const opened = new SharedCache<
    { readonly kind: ServedKind; readonly from: string },
    Awaited<ReturnType<OpenOnnxFile>>
  >({
    idOf: ({ kind }) => kind,
    open: ({ kind, from }) => openOnnxFile(join(from, MODEL_FILES[kind]), sizes[kind]),
    close: (program) => program.dispose(),
    costOf: () => 0,
    maxCost: 0,
    onCloseError: (error) => unclosed.push(error)
  })

  async function open(kind: ServedKind, from = folder): Promise<ServedProgram> {
    if (kind === 'assign' && head === null) throw new AppError('model_without_head')
    if (kind === 'embedInt8' && !isRounded) throw new AppError('precision_unavailable')
    const program = await opened.use({ kind, from }, async (loaded) => loaded)
    return {
      // Together they would change each other's vectors (engine/quantize.ts).
      batch: kind === 'embedInt8' ? 1 : batchOf(config),
      ...(program.sessions && { sessions: program.sessions }),
      run: async (pixels) => {
        const outputs = await program.run({ images: concatenateImages(pixels) })
        const parts = OUTPUTS[kind].map((name) => splitRows(outputs[name]!, pixels.length))
        return pixels.map((_, row) => joined(parts.map((rows) => rows[row]!)))
      }
    }
  }

  return {
    config,
    head,
    bytes: Object.values(sizes).reduce((sum, size) => sum + size * sessionsOf(size), 0),
    open,
    dispose: async () => {
      await opened.dispose()
      if (unclosed.length > 0) throw new AggregateError(unclosed, 'a program of the model could not be closed')
    }
  }
}

const batchOf = ({ network }: ModelFileConfig): number =>
  Math.max(1, Math.min(MOST_IMAGES, Math.floor(BATCH_FLOPS / forwardFlops(network))))

function joined(parts: readonly Float32Array[]): Float32Array {
  if (parts.length === 1) return parts[0]!
  const row = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    row.set(part, at)
    at += part.length
  }
  return row
}

async function openHead(folder: string, config: ModelFileConfig): Promise<ServedHead | null> {
  const head = headOf(config)
  if (head === null) return null
  const file = await readPrototypes(folder)
  const norms = Float64Array.from(file.prototypes, ({ kappa }) => kappa * head.temperature)
  const model = mixtureAt(norms, head)
  const { center, directions } = await readMixture(folder, { head, file })
  const teacher = teacherMixture(model, { centering: head.centering, center })
  return { ...head, norms, views: { model, teacher, fitted: fittedView(file, directions) } }
}
