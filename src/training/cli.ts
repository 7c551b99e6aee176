/** `npm run train`: a run without a platform. The same loop, events on the terminal instead of a pipe. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isAppError } from '../base/errors.ts'
import { findLatestCheckpoint, listCheckpoints } from './checkpoint.ts'
import { prepareDataset } from './cli-dataset.ts'
import { parseTrainCommand, TRAIN_USAGE, type TrainCommand } from './cli-options.ts'
import { createProgress } from './cli-progress.ts'
import { failedEventOf } from './failure.ts'
import type { TrainerWork } from './trainer-child.ts'
import type { TrainerEvent, TrainRequest } from './trainer-messages.ts'

const EXIT = { completed: 0, failed: 1, usage: 2, stopped: 3 } as const
/** Without a terminal to overwrite, one progress line in so many milliseconds. */
const QUIET_MS = 10_000
const CLEAR_LINE = '\r\u001b[K'

/** @returns the exit code; nothing is thrown */
export async function runTrainCommand(args: readonly string[], work: TrainerWork): Promise<number> {
  let command: TrainCommand | null
  try {
    command = await parseTrainCommand(args)
  } catch (error) {
    if (!isAppError(error)) throw error
    const fields = (error.details.errors ?? []).map(({ path, message }) => `  ${path} ${message}`)
    process.stderr.write(`${[error.message, ...fields].join('\n')}\n\nnpm run train -- --help shows the options.\n`)
    return EXIT.usage
  }
  if (command === null) {
    process.stdout.write(TRAIN_USAGE)
    return EXIT.completed
  }
  return runAll(command, work)
}

async function runAll(command: TrainCommand, work: TrainerWork): Promise<number> {
  const show = command.isJson ? printJson : createPrinter(command.recipe.hyperparameters.batchSize)
  const signal = stopOnInterrupt()
  let last: TrainerEvent | null = null
  try {
    for await (const event of trainAndExport(command, work, signal)) {
      show(event)
      last = event
    }
  } catch (error) {
    last = failedEventOf(error, last !== null && 'step' in last ? last.step : 0)
    show(last)
  }
  if (last?.type === 'exported') return EXIT.completed
  if (last?.type !== 'done') return EXIT.failed
  return last.reason === 'completed' ? EXIT.completed : EXIT.stopped
}

async function* trainAndExport(
  command: TrainCommand,
  work: TrainerWork,
  signal: AbortSignal
): AsyncGenerator<TrainerEvent> {
  const { images, out, holdOut, isResuming } = command
  const report = (line: string) => void process.stderr.write(`${line}\n`)
  const datasetFolder = await prepareDataset({ images, outFolder: out, holdOut, isResuming, report })
  const request = await trainRequest(command, datasetFolder)
  let checkpointFolder = ''
  let isComplete = false
  for await (const event of work.train(request, signal)) {
    yield event
    if (event.type === 'checkpoint') {
      checkpointFolder = event.folder
      await keepNewest(command)
    }
    isComplete = event.type === 'done' && event.reason === 'completed'
  }
  if (!command.isExporting || !isComplete) return
  const { threads } = request
  const outFolder = join(command.out, 'model')
  yield* work.export(
    { type: 'export', checkpointFolder, datasetFolder, outFolder, ...(threads === undefined ? {} : { threads }) },
    signal
  )
}

async function trainRequest(command: TrainCommand, datasetFolder: string): Promise<TrainRequest> {
  const { recipe, out, checkpointEveryS, checkpointEverySteps, maxSteps, threads, loaders } = command
  const resumeFrom = command.isResuming ? await newestCheckpoint(out) : null
  return {
    type: 'train',
    recipe,
    datasetFolder,
    outFolder: out,
    checkpointEveryS,
    ...(resumeFrom === null ? {} : { resumeFrom }),
    ...(checkpointEverySteps === undefined ? {} : { checkpointEverySteps }),
    ...(maxSteps === undefined ? {} : { maxSteps }),
    ...(threads === undefined ? {} : { threads }),
    ...(loaders === undefined ? {} : { loaders })
  }
}

async function newestCheckpoint(out: string): Promise<string | null> {
  const { folder, skipped } = await findLatestCheckpoint(out)
  for (const { folder: damaged, reason } of skipped) process.stderr.write(`passed over ${damaged}: ${reason}\n`)
  return folder
}

async function keepNewest({ out, keep }: TrainCommand): Promise<void> {
  for (const folder of (await listCheckpoints(out)).slice(0, -keep)) await rm(folder, { recursive: true })
}

/** The first interrupt asks for a checkpoint; Node's own handling of the second ends the process. */
function stopOnInterrupt(): AbortSignal {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      process.stderr.write('\nstopping after this step; once more to stop without a checkpoint\n')
      stop.abort()
    })
  }
  return stop.signal
}

const printJson = (event: TrainerEvent): void => void process.stdout.write(`${JSON.stringify(event)}\n`)

function createPrinter(batchSize: number): (event: TrainerEvent) => void {
  const format = createProgress(batchSize)
  const { isTTY: isTerminal } = process.stderr
  let quietSince = Number.NEGATIVE_INFINITY
  return (event) => {
    const line = format(event)
    if (!line.isTransient) process.stderr.write(`${isTerminal ? CLEAR_LINE : ''}${line.text}\n`)
    else if (isTerminal) process.stderr.write(`${CLEAR_LINE}${line.text.slice(0, process.stderr.columns - 1)}`)
    else if (performance.now() - quietSince > QUIET_MS) {
      quietSince = performance.now()
      process.stderr.write(`${line.text}\n`)
    }
  }
}
