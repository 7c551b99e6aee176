/** Trains: as the child of a worker, over IPC; or by itself, from the command line (`npm run train -- --help`). */
import { systemClock } from './base/clock.ts'
import { createEngine } from './engine/create-engine.ts'
import { openOnnxFile } from './engine/onnx-engine.ts'
import { exportModel } from './inference/export.ts'
import { runTrainCommand } from './training/cli.ts'
import { train } from './training/train.ts'
import { serveParent } from './training/trainer-child.ts'
import type { ExportRequest, TrainRequest } from './training/trainer-messages.ts'

/** 0 and undefined mean: as many as there are cores. */
const engineWith = (threads: number | undefined) => createEngine(threads ? { threads } : {})

const work = {
  train: ({ threads, ...request }: TrainRequest, signal: AbortSignal) =>
    train({ ...request, signal, engine: engineWith(threads), clock: systemClock }),
  export: ({ threads, ...request }: ExportRequest, signal: AbortSignal) =>
    exportModel({
      ...request,
      signal,
      engine: engineWith(threads),
      openOnnxFile: (path) => openOnnxFile(path, threads ? { threads } : {})
    })
}

if (process.send !== undefined) serveParent(process, work)
else process.exit(await runTrainCommand(process.argv.slice(2), work))
