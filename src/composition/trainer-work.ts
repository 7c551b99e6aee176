/** What a trainer can be asked for, on the engine of this machine. */
import { constants, setPriority } from 'node:os'
import type { Clock } from '../base/clock.ts'
import { chooseEngine, type EngineChoice } from '../engine/choose-engine.ts'
import { createEngine } from '../engine/create-engine.ts'
import type { Engine } from '../engine/engine.ts'
import { createGpuMeter, type GpuMeter } from '../engine/gpu-meter.ts'
import { machineOf } from '../engine/offers.ts'
import { openOnnxFile } from '../engine/onnx-session.ts'
import { exportModel } from '../model/export.ts'
import { importModel } from '../model/import.ts'
import { initOf } from '../model/init-source.ts'
import type { ChildWork } from '../protocol/trainer-child.ts'
import { mapVectors } from '../serving/map-vectors.ts'
import { train } from '../training/train.ts'
import { runBatch } from './batch-work.ts'
import { embedDataset } from './embedding-work.ts'
import { evaluateModel } from './evaluation-work.ts'

/** 0 and undefined mean: as many as there are cores. A run is repeated bit for bit with the same number only. */
const withThreads = (threads: number | undefined): { threads?: number } => (threads ? { threads } : {})

/**
 * An evaluation, a vector set or a batch is made beside whatever this machine trains: at this priority Linux gives it a tenth of a processor that both want
 * (weights 110 to 1024), and all of one that nobody else does. Threads that are started later inherit it.
 */
function yieldToTraining(): void {
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL)
}

/** Only of what computes on NVIDIA's GPUs: how busy an idle one is would say nothing about the run. */
const gpuMeterOf = ({ device, devices }: Engine): GpuMeter | undefined =>
  /nvidia|cuda/i.test(device) ? createGpuMeter(devices) : undefined

/** @param choice what trains; an engine or a device that this machine lacks fails the request. Models are made on the CPU. */
export function createTrainerWork(clock: Clock, choice: EngineChoice): ChildWork {
  return {
    async *train({ threads, device, devices, init: wish, ...request }, signal) {
      const { engine, problem } = await chooseEngine(choice, { ...withThreads(threads), device, devices })
      if (problem !== undefined) process.stderr.write(`training without a GPU: ${problem}\n`)
      try {
        const init = wish && initOf(wish, request.recipe.hyperparameters.crops.global.size)
        yield* train({ ...request, init, signal, clock, engine, gpuMeter: gpuMeterOf(engine) })
      } finally {
        await engine.dispose()
      }
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
    },
    evaluate: ({ threads, ...request }, signal) => {
      yieldToTraining()
      return evaluateModel(request, signal, {
        openOnnxFile: (path) => openOnnxFile(path, withThreads(threads)),
        createEngine: () => createEngine(withThreads(threads)),
        clock
      })
    },
    embed: ({ threads, ...request }, signal) => {
      yieldToTraining()
      return embedDataset(request, signal, (path) => openOnnxFile(path, withThreads(threads)))
    },
    batch: ({ threads, ...request }, signal) => {
      yieldToTraining()
      return runBatch(request, signal, (path) => openOnnxFile(path, withThreads(threads)))
    },
    async *map(request) {
      yieldToTraining()
      await mapVectors(request)
      yield { type: 'mapped' }
    },
    examine: async ({ threads }) => ({ type: 'machine', ...(await machineOf(choice, withThreads(threads))) })
  }
}
