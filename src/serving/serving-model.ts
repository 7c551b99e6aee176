/** An exported model, ready to answer: its ONNX programs are opened when they are first asked for. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../base/errors.ts'
import type { CachedModel } from '../cache/model-cache.ts'
import { SharedCache } from '../cache/shared-cache.ts'
import type { LoadedProgram } from '../engine/engine.ts'
import { type Mixture, mixtureAt } from '../model/assigner.ts'
import { concatenateImages, splitRows } from '../model/embedder.ts'
import { headOf, MODEL_FILES, type ModelFileConfig, readModelConfig, readPrototypes } from '../protocol/model-folder.ts'
import type { Method } from '../recipe/schema.ts'

export type ServedKind = 'embed' | 'assign'

/** @param pixels images of [S, S, C] bytes; returns per image its unit embedding [D], or its cosines [K] */
export interface ServedProgram {
  run(pixels: readonly Uint8Array[]): Promise<Float32Array[]>
}

export interface ServedHead {
  readonly method: Method
  readonly bottleneckDim: number
  readonly temperature: number
  /** At the model's own temperature. */
  readonly mixture: Mixture
  /** [K] prototype norms. */
  readonly norms: Float64Array
  readonly logDensityQuantiles: readonly number[]
}

export interface ServingModel extends CachedModel {
  readonly config: ModelFileConfig
  /** Null: embeddings only. */
  readonly head: ServedHead | null
  /**
   * @param from where the model's files are now: a model that stays open may outlive the folder it was opened from
   * @throws AppError model_without_head, and what opening an ONNX file throws
   */
  open(kind: ServedKind, from?: string): Promise<ServedProgram>
}

export type OpenOnnxFile = (path: string) => Promise<LoadedProgram>

const OUTPUTS = { embed: 'embedding', assign: 'cosine' } as const

/** @throws AppError model_not_ready */
export async function openServingModel(folder: string, openOnnxFile: OpenOnnxFile): Promise<ServingModel> {
  const config = await readModelConfig(folder)
  const head = await openHead(folder, config)
  const unclosed: unknown[] = []
  // They stay as long as the model: what they cost is counted in its bytes.
  const opened = new SharedCache<{ readonly kind: ServedKind; readonly from: string }, LoadedProgram>({
    idOf: ({ kind }) => kind,
    open: ({ kind, from }) => openOnnxFile(join(from, MODEL_FILES[kind])),
    close: (program) => program.dispose(),
    costOf: () => 0,
    maxCost: 0,
    onCloseError: (error) => unclosed.push(error)
  })

  async function open(kind: ServedKind, from = folder): Promise<ServedProgram> {
    if (kind === 'assign' && head === null) throw new AppError('model_without_head')
    const program = await opened.use({ kind, from }, async (loaded) => loaded)
    return {
      run: async (pixels) => {
        const outputs = await program.run({ images: concatenateImages(pixels) })
        return splitRows(outputs[OUTPUTS[kind]]!, pixels.length)
      }
    }
  }

  const programs = head === null ? [MODEL_FILES.embed] : [MODEL_FILES.embed, MODEL_FILES.assign]
  const sizes = await Promise.all(programs.map((name) => stat(join(folder, name))))
  return {
    config,
    head,
    bytes: sizes.reduce((sum, { size }) => sum + size, 0),
    open,
    dispose: async () => {
      await opened.dispose()
      if (unclosed.length > 0) throw new AggregateError(unclosed, 'a program of the model could not be closed')
    }
  }
}

async function openHead(folder: string, config: ModelFileConfig): Promise<ServedHead | null> {
  const head = headOf(config)
  if (head === null) return null
  const { prototypes, logDensityQuantiles } = await readPrototypes(folder)
  const norms = Float64Array.from(prototypes, ({ kappa }) => kappa * head.temperature)
  return { ...head, norms, logDensityQuantiles, mixture: mixtureAt(norms, head) }
}
