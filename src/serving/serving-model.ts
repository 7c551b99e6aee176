/** An exported model, ready to answer: its ONNX programs are opened when they are first asked for. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError, invariant } from '../base/errors.ts'
import type { CachedModel } from '../cache/model-cache.ts'
import { SharedCache } from '../cache/shared-cache.ts'
import type { SharedProgram } from '../engine/onnx-threads.ts'
import { mixtureAt, teacherMixture, type Views } from '../model/assigner.ts'
import { concatenateImages, splitRows } from '../model/embedder.ts'
import { forwardFlops } from '../model/forward-flops.ts'
import { fittedView, readMixture } from '../model/mixture-file.ts'
import type { ViewKind } from '../protocol/inference-messages.ts'
import {
  type HeadConfig,
  headOf,
  MODEL_FILES,
  type ModelFileConfig,
  programFile,
  readModelConfig,
  readPrototypes
} from '../protocol/model-folder.ts'

/** The program in 8 bits is in the model's folder alone: views are of float32. */
export type ServedKind = ViewKind | 'embedInt8'

/**
 * @param pixels images of [S, S, C] bytes; returns per image its unit embedding [D], or its cosines to the prototypes [K] and
 *   its bottleneck vector [p], one behind the other; of views what model/view-programs.ts says
 * @param isLone nothing else computes
 */
export interface ServedProgram {
  run(pixels: readonly Uint8Array[], isLone?: boolean): Promise<Float32Array[]>
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
export type OpenOnnxFile = (
  path: string,
  bytes: number
) => Promise<Omit<SharedProgram, 'sessions' | 'isRead'> & Partial<Pick<SharedProgram, 'sessions' | 'isRead'>>>

/**
 * Multiplications and additions of one run, so that a batch stays in the caches and nobody waits long behind one: 0.1 s on one core with
 * AVX-512, 2 images of ViT-S/16. More of them cost more each: 41 ms in batches of 2 to 8, 44 in 16, 54 in 64.
 */
const BATCH_FLOPS = 20e9
/** A small network's; calling it costs more than computing it. */
const MOST_IMAGES = 64

const OUTPUTS: Record<ServedKind, readonly string[]> = {
  embed: ['embedding'],
  embedInt8: ['embedding'],
  assign: ['cosine', 'bottleneck'],
  patches: ['patches'],
  attention: ['attention'],
  heat: ['cosine']
}

const fileOf = (kind: ServedKind): string => (kind === 'embedInt8' ? MODEL_FILES.embedInt8 : programFile(kind))

/** @throws AppError model_not_ready */
export async function openServingModel(
  folder: string,
  openOnnxFile: OpenOnnxFile,
  copiesOf?: (bytes: number) => number
): Promise<ServingModel> {
  const config = await readModelConfig(folder)
  return createServingModel({
    config,
    head: await openHead(folder, config),
    folder,
    openOnnxFile,
    ...(copiesOf && { copiesOf })
  })
}

/**
 * Of a session beside its weights: 70 sessions of a model of 80 kB took 60 MB. Counted by their files alone, 25,000 of such had room, ten times
 * the memory that there may be.
 */
export const SESSION_BYTES = 2 ** 20

export interface Served {
  readonly config: ModelFileConfig
  readonly head: ServedHead | null
  /** Of the programs. */
  readonly folder: string
  /** Those that are there; left out, what a model's folder has. */
  readonly kinds?: readonly ServedKind[]
  readonly openOnnxFile: OpenOnnxFile
  /** Sessions of a program whose file has so many bytes, each of which holds them; one where it is left out. */
  readonly copiesOf?: (bytes: number) => number
}

/** @throws an Error where a program is not there */
export async function createServingModel(served: Served): Promise<ServingModel> {
  const { config, head, folder, openOnnxFile, copiesOf = () => 1 } = served
  const { kinds = kindsOf(served) } = served
  const sizes = new Map<ServedKind, number>()
  for (const kind of kinds) sizes.set(kind, (await stat(join(folder, fileOf(kind)))).size)
  const unclosed: unknown[] = []
  // They stay as long as the model: what they cost is counted in its bytes.
  const opened = new SharedCache<
    { readonly kind: ServedKind; readonly from: string; readonly size: number },
    Awaited<ReturnType<OpenOnnxFile>>
  >({
    idOf: ({ kind }) => kind,
    open: ({ kind, from, size }) => openOnnxFile(join(from, fileOf(kind)), size),
    close: (program) => program.dispose(),
    costOf: () => 0,
    maxCost: 0,
    onCloseError: (error) => unclosed.push(error)
  })

  async function open(kind: ServedKind, from = folder): Promise<ServedProgram> {
    if (kind === 'assign' && head === null) throw new AppError('model_without_head')
    const size = sizes.get(kind)
    if (kind === 'embedInt8' && size === undefined) throw new AppError('precision_unavailable')
    invariant(size !== undefined, `a program ${kind} of a model that has ${kinds}`)
    const program = await opened.use({ kind, from, size }, async (loaded) => loaded)
    return {
      batch: isAlone(kind) ? 1 : batchOf(config),
      ...(program.sessions && { sessions: program.sessions }),
      run: async (pixels, isLone) => {
        const outputs = Object.entries(await program.run({ images: concatenateImages(pixels) }, isLone))
        const rows = Object.fromEntries(outputs.map(([name, values]) => [name, splitRows(values, pixels.length)]))
        return keptRows(kind, rows, pixels.length)
      }
    }
  }

  return {
    config,
    head,
    bytes: [...sizes.values()].reduce((sum, size) => sum + (size + SESSION_BYTES) * copiesOf(size), 0),
    open,
    dispose: async () => {
      await opened.dispose()
      if (unclosed.length > 0) throw new AggregateError(unclosed, 'a program of the model could not be closed')
    }
  }
}

/** What a model's folder has. */
const kindsOf = ({ config, head }: Pick<Served, 'config' | 'head'>): readonly ServedKind[] => [
  'embed',
  ...(config.precisions?.int8 === undefined ? [] : ['embedInt8' as const]),
  ...(head === null ? [] : ['assign' as const])
]

/** Images in 8 bits would change each other's vectors (engine/quantize.ts); one of heat has up to 64 MiB of cosines. */
export const isAlone = (kind: ServedKind): boolean => kind === 'embedInt8' || kind === 'heat'

const batchOf = ({ network }: ModelFileConfig): number =>
  Math.max(1, Math.min(MOST_IMAGES, Math.floor(BATCH_FLOPS / forwardFlops(network))))

/** What an image's row is made of, from the rows of a program's outputs by name. */
export function keptRows(
  kind: ServedKind,
  rows: Readonly<Record<string, readonly Float32Array[]>>,
  images: number
): Float32Array[] {
  return Array.from({ length: images }, (_, image) => joined(OUTPUTS[kind].map((name) => rows[name]![image]!)))
}

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

/** @throws AppError model_not_ready */
export async function openHead(folder: string, config: ModelFileConfig): Promise<ServedHead | null> {
  const head = headOf(config)
  if (head === null) return null
  const file = await readPrototypes(folder)
  const norms = Float64Array.from(file.prototypes, ({ kappa }) => kappa * head.temperature)
  const model = mixtureAt(norms, head)
  const { center, directions } = await readMixture(folder, { head, file })
  const teacher = teacherMixture(model, { centering: head.centering, center })
  return { ...head, norms, views: { model, teacher, fitted: fittedView(file, directions) } }
}
