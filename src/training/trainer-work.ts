/** What a trainer can be asked for, on the engine of this machine. */
import type { Clock } from '../base/clock.ts'
import { createEngine } from '../engine/create-engine.ts'
import { openOnnxFile } from '../engine/onnx-engine.ts'
import { exportModel } from '../inference/export.ts'
import { train } from './train.ts'
import type { TrainerWork } from './trainer-child.ts'

/** 0 and undefined mean: as many as there are cores. A run is repeated bit for bit with the same number only. */
const withThreads = (threads: number | undefined): { threads?: number } => (threads ? { threads } : {})

export function createTrainerWork(clock: Clock): TrainerWork {
  return {
    train: ({ threads, ...request }, signal) =>
      train({ ...request, signal, clock, engine: createEngine(withThreads(threads)) }),
    export: ({ threads, ...request }, signal) =>
      exportModel({
        ...request,
        signal,
        engine: createEngine(withThreads(threads)),
        openOnnxFile: (path) => openOnnxFile(path, withThreads(threads))
      })
  }
}
