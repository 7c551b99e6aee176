/** What a trainer can be asked for, on the engine of this machine. */
import type { Clock } from '../base/clock.ts'
import { createEngine, type EngineOptions } from '../engine/create-engine.ts'
import { openOnnxFile } from '../engine/onnx-engine.ts'
import { exportModel } from '../inference/export.ts'
import { importModel } from '../inference/import.ts'
import { train } from './train.ts'
import type { TrainerWork } from './trainer-child.ts'

/** 0 and undefined mean: as many as there are cores. A run is repeated bit for bit with the same number only. */
const withThreads = (threads: number | undefined): { threads?: number } => (threads ? { threads } : {})

/** @param name which engine trains; one that this machine lacks fails the request */
export function createTrainerWork(clock: Clock, name: NonNullable<EngineOptions['name']>): TrainerWork {
  return {
    async *train({ threads, ...request }, signal) {
      yield* train({ ...request, signal, clock, engine: createEngine({ name, ...withThreads(threads) }) })
    },
    async *export({ threads, ...request }, signal) {
      yield* exportModel({
        ...request,
        signal,
        engine: createEngine({ name, ...withThreads(threads) }),
        openOnnxFile: (path) => openOnnxFile(path, withThreads(threads))
      })
    },
    async *import({ threads, ...request }, signal) {
      yield* importModel({
        ...request,
        signal,
        engine: createEngine({ name, ...withThreads(threads) }),
        openOnnxFile: (path) => openOnnxFile(path, withThreads(threads))
      })
    }
  }
}
