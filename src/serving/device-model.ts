/**
 * Models on a device. What has no program there (8 bits), and what XLA cannot make, is computed by ONNX Runtime on the CPU as if there were no
 * device: a slow answer is one, and whoever operates hears of it.
 */
import { AppError, type ErrorCode, invariant, isAppError, toError } from '../base/errors.ts'
import { SharedCache } from '../cache/shared-cache.ts'
import type { ServingDevice } from '../engine/xla/serving-device.ts'
import type { ServedModel, ViewKind } from '../protocol/inference-messages.ts'
import { sizesUpTo } from './batch-ladder.ts'
import type { MakeDeviceParts } from './device-parts.ts'
import { type DeviceServed, openOnDevice } from './device-program.ts'
import type { DevicePrograms } from './device-programs.ts'
import type { DeviceOrder, DeviceParts } from './device-thread.ts'
import { createModelTurns, type ModelTurn } from './model-turns.ts'
import { isAlone, keptRows, openHead, type ServedProgram, type ServingModel } from './serving-model.ts'

/** A program that the CPU computes in the device's place, as long as its model stays open. */
export interface FellBack {
  readonly modelId: string
  readonly kind: ViewKind
  readonly reason: string
}

export interface DeviceModelsOptions {
  readonly device: Pick<ServingDevice, 'hold' | 'precision'>
  readonly programs: DevicePrograms
  readonly makeParts: MakeDeviceParts
  /** Images in one run, at most. */
  readonly maxBatch: number
  /** Of one run. */
  readonly maxRunBytes: number
  /** Runs that compute at the same time. */
  readonly runs: number
  /** As without a device; opens no program before it is asked for one. */
  readonly openOnCpu: (model: ServedModel) => Promise<ServingModel>
  readonly onFellBack: (what: FellBack) => void
  readonly report: (error: unknown) => void
}

/** What XLA cannot make, and weights that are not there where programs of the CPU may be. */
const OF_DEVICE: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['internal', 'program_untraceable', 'model_not_ready'])

/** Of one program of a model. */
interface Opening extends ModelTurn {
  readonly kind: ViewKind
}

interface DeviceServedProgram extends ServedProgram {
  dispose(): Promise<void>
}

/** The function throws what opening a model on the CPU throws, and AppError inference_unavailable where the device has no room. */
export function createDeviceModels(options: DeviceModelsOptions): (model: ServedModel) => Promise<ServingModel> {
  const { device, makeParts, maxBatch, runs, openOnCpu, onFellBack } = options
  const inTurn = createModelTurns()

  const partsOf = (
    order: Omit<DeviceOrder, 'batches' | 'precision'>,
    { projectId, kind }: Opening
  ): Promise<DeviceParts> => {
    const batches = isAlone(kind) ? [1] : sizesUpTo(maxBatch)
    const turn = { projectId, folder: order.folder }
    return inTurn(turn, () => makeParts({ ...order, batches, precision: device.precision }))
  }

  const openParts = async (parts: DeviceParts, { kind, ...turn }: Opening): Promise<DeviceServedProgram> =>
    servedProgram(await openOnDevice(parts, { ...options, programs: options.programs.of(turn) }), kind, runs)

  /** @throws the error, where the CPU would meet it too or the device may have room later */
  async function fallBack<T>(failed: { model: ServedModel; kind: ViewKind; error: unknown }, onCpu: () => Promise<T>) {
    const { model, kind, error } = failed
    if (isAppError(error) && !OF_DEVICE.has(error.code)) throw error
    const opened = await onCpu()
    onFellBack({ modelId: model.id, kind, reason: toError(error).message })
    return opened
  }

  async function openOwn(model: ServedModel): Promise<ServingModel> {
    const onCpu = await openOnCpu(model)
    const { config, head, bytes } = onCpu
    const unclosed: unknown[] = []
    const opened = new SharedCache<{ readonly kind: ViewKind; readonly folder: string }, DeviceServedProgram>({
      idOf: ({ kind }) => kind,
      open: async ({ kind, folder }) => {
        const view = { kind, imageSize: config.imageSize }
        try {
          const opening = { projectId: model.projectId, folder, kind }
          return await openParts(await partsOf({ folder, isCheckpoint: false, view }, opening), opening)
        } catch (error) {
          const program = await fallBack({ model, kind, error }, () => onCpu.open(kind, folder))
          return { ...program, dispose: async () => {} }
        }
      },
      close: (program) => program.dispose(),
      costOf: () => 0,
      maxCost: 0,
      onCloseError: (error) => unclosed.push(error)
    })
    return {
      config,
      head,
      bytes,
      open: async (kind, folder = model.folder) => {
        if (kind === 'embedInt8' || (kind === 'assign' && head === null)) return onCpu.open(kind, folder)
        return opened.use({ kind, folder }, async (program) => program)
      },
      dispose: async () => {
        await opened.dispose()
        await onCpu.dispose()
        if (unclosed.length > 0) throw new AggregateError(unclosed, 'a program of the model could not be closed')
      }
    }
  }

  async function openView(model: ServedModel): Promise<ServingModel> {
    const { projectId, folder, isCheckpoint = false, view } = model
    const own = view?.kind ?? 'embed'
    const opening = { projectId, folder, kind: own }
    try {
      const parts = await partsOf({ folder, isCheckpoint, view: view ?? null }, opening)
      const head = isCheckpoint ? null : await openHead(folder, parts.config)
      // Counted before they are handed over.
      const held = Object.values(parts.weights).reduce((sum, { byteLength }) => sum + byteLength, 0)
      // Of a small network the programs' texts are more than its weights.
      const bytes = parts.programs.reduce((sum, { written }) => sum + written.text.length, held)
      const program = await openParts(parts, opening)
      return {
        config: parts.config,
        head,
        bytes,
        open: async (kind) => {
          if (kind === 'embedInt8') throw new AppError('precision_unavailable')
          invariant(kind === own, `a program ${kind} of a view of ${own}`)
          return program
        },
        dispose: () => program.dispose()
      }
    } catch (error) {
      return fallBack({ model, kind: own, error }, () => openOnCpu(model))
    }
  }

  return (model) => (model.isCheckpoint || model.view ? openView(model) : openOwn(model))
}

const servedProgram = (served: DeviceServed, kind: ViewKind, runs: number): DeviceServedProgram => ({
  get batch() {
    return served.batch
  },
  sessions: runs,
  run: async (pixels) => keptRows(kind, await served.run(pixels), pixels.length),
  dispose: () => served.dispose()
})
