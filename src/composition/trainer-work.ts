/** What a trainer can be asked for, on the engine of this machine. */
import type { Clock } from '../base/clock.ts'
import { chooseEngine, type EngineChoice } from '../engine/choose-engine.ts'
import { createEngine } from '../engine/create-engine.ts'
import { openOnnxFile } from '../engine/onnx-engine.ts'
import { exportModel } from '../model/export.ts'
import { importModel } from '../model/import.ts'
import type { TrainerWork } from '../protocol/trainer-child.ts'
import { train } from '../training/train.ts'

/** 0 and undefined mean: as many as there are cores. A run is repeated bit for bit with the same number only. */
const withThreads = (threads: number | undefined): { threads?: number } => (threads ? { threads } : {})

/** @param choice what trains; an engine or a device that this machine lacks fails the request. Models are made on the CPU. */
export function createTrainerWork(clock: Clock, choice: EngineChoice): TrainerWork {
  return {
    async *train({ threads, ...request }, signal) {
      const { engine, problem } = await chooseEngine(choice, threads || undefined)
      if (problem !== undefined) process.stderr.write(`training without CUDA: ${problem}\n`)
      yield* train({ ...request, signal, clock, engine })
    },
    async *export({ threads, ...request }, signal) {
      yield* exportModel({
        ...request,
        signal,
        engine: createEngine(withThreads(threads)),
        openOnnxFile: (path) => openOnnxFile(path, withThreads(threads))
      })
    },
    async *import({ threads, ...request }, signal) {
      yield* importModel({
        ...request,
        signal,
        engine: createEngine(withThreads(threads)),
        openOnnxFile: (path) => openOnnxFile(path, withThreads(threads))
      })
    }
  }
}
