/** Compiled programs of a device, shared by all models whose networks are the same: weights are arguments. */
import { AppError, isAppError } from '../base/errors.ts'
import { SharedCache } from '../cache/shared-cache.ts'
import type { Outputs } from '../engine/engine.ts'
import type { DeviceProgram, DeviceWeights, ServingDevice } from '../engine/xla/serving-device.ts'
import { MOST_PROGRAMS } from './device-room.ts'
import type { BatchProgram } from './device-thread.ts'
import { createModelTurns, type ModelTurn } from './model-turns.ts'

/** As one model asks for them. */
export interface ModelPrograms {
  /** Compiled when it is not there, one at a time. @returns what a run takes. @throws what compiling throws */
  prepare(program: BatchProgram): Promise<number>
  /** @throws AppError out_of_memory, and what the device says */
  run(program: BatchProgram, weights: DeviceWeights, images: Uint8Array): Promise<Outputs>
}

export interface DevicePrograms {
  /** A program that several want is compiled in the turn of who asked first. */
  of(turn: ModelTurn): ModelPrograms
  dispose(): Promise<void>
}

export interface DeviceProgramsOptions {
  readonly device: Pick<ServingDevice, 'compile'>
  readonly maxBytes: number
  /** Runs fail one after the other, with nothing in between that did not: the device is lost, or of no use any more. */
  readonly onLost: (error: unknown) => void
  readonly report: (error: unknown) => void
}

interface Wanted {
  readonly turn: ModelTurn
  readonly program: BatchProgram
}

/** In a row, none for want of memory. */
const FAILED_RUNS = 5

/** Memory comes back: whoever asks again may be served. */
export const withoutRoom = (error: unknown): unknown =>
  isAppError(error, 'out_of_memory')
    ? new AppError(
        'inference_unavailable',
        { message: 'The device that computes has too little memory just now.', retryAfterS: 1 },
        { cause: error }
      )
    : error

export function createDevicePrograms(options: DeviceProgramsOptions): DevicePrograms {
  const { device, maxBytes, onLost, report } = options
  const inTurn = createModelTurns()
  let failedRuns = 0
  const programs = new SharedCache<Wanted, DeviceProgram>({
    idOf: ({ program }) => program.key,
    // A compilation waits on a thread of libuv's pool, of which decoders want some.
    open: ({ turn, program }) => inTurn(turn, () => device.compile(program.written)),
    close: async (program) => program.dispose(),
    costOf: ({ codeBytes }) => Math.max(codeBytes, maxBytes / MOST_PROGRAMS),
    maxCost: maxBytes,
    onCloseError: report
  })

  function failed(error: unknown): void {
    if (isAppError(error, 'out_of_memory')) return
    failedRuns++
    if (failedRuns === FAILED_RUNS) onLost(error)
  }

  return {
    of: (turn) => ({
      prepare: (program) => programs.use({ turn, program }, async ({ runBytes }) => runBytes),
      run: (program, weights, images) =>
        programs.use({ turn, program }, async (compiled) => {
          try {
            const outputs = await compiled.run(weights, { images })
            failedRuns = 0
            return outputs
          } catch (error) {
            failed(error)
            throw error
          }
        })
    }),
    dispose: () => programs.dispose()
  }
}
