/** `kappa train`: a run without a platform. The same trainer, events on the terminal instead of a database. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError, isAppError } from '../base/errors.ts'
import { openDatasetFolder } from '../images/dataset-folder.ts'
import type { TrainerWork } from '../protocol/trainer-child.ts'
import type { TrainerEvent, TrainRequest } from '../protocol/trainer-messages.ts'
import { checkRecipe, devicesProblems } from '../recipe/check.ts'
import { checkResumable, findLatestCheckpoint, listCheckpoints, readCheckpoint } from '../training/checkpoint.ts'
import { type Command, EXIT, type ExitCode, exitCodeOf, refusal } from './command.ts'
import { listenForInterrupt } from './interrupt.ts'
import type { Output } from './output.ts'
import { openRunFolder, type RunFolder } from './run-folder.ts'
import { thrownAway } from './thrown-away.ts'
import { checkSource, prepareDataset } from './train-dataset.ts'
import { type DescribeInit, showInit } from './train-init.ts'
import { parseTrainCommand, TRAIN_USAGE, type TrainCommand } from './train-options.ts'
import { createProgress } from './train-progress.ts'
import { inTheWordsOfFiles } from './train-recipe.ts'
import { noteEngine } from './trained-with.ts'

/** @throws AppError engine_unavailable where so many devices cannot be had */
type Foresee = (devices: number) => Promise<void>

export const createTrainCommand = (work: TrainerWork, foresee: Foresee, describe: DescribeInit): Command => ({
  usage: TRAIN_USAGE,
  async run(args, output) {
    const command = parseTrainCommand(args)
    if (command.images !== undefined) await checkSource(command.images, command.holdOut ?? null)
    const folder = await openRunFolder(command, describe)
    const interrupt = listenForInterrupt(() =>
      output.show(
        { type: 'stopping' },
        '\nstopping after this step, with a checkpoint; once more stops at once, without one'
      )
    )
    try {
      return await runAll({ command, folder, output, work, foresee, signal: interrupt.signal })
    } finally {
      interrupt.end()
      await folder.release()
    }
  }
})

interface Running {
  readonly command: TrainCommand
  readonly folder: RunFolder
  readonly output: Output
  readonly work: TrainerWork
  readonly foresee: Foresee
  readonly signal: AbortSignal
}

async function runAll(running: Running): Promise<ExitCode> {
  const { output, command, folder } = running
  const goOn = toGoOn(command)
  const { recipe, init = null } = folder.record
  if (folder.isNew) showInit({ recipe, init, changes: folder.changes }, output)
  const request = await prepare(running)
  if (request === null) {
    output.show({ type: 'done', step: 0, reason: 'stopped' }, `stopped before the first step; go on with\n  ${goOn}`)
    return EXIT.stopped
  }
  const last = await showAll(running, request)
  if (last?.type === 'exported') {
    output.line(`\nembed images with\n  kappa embed --model ${last.folder} --images FOLDER --out vectors.npy`)
    return EXIT.done
  }
  if (last?.type === 'failed') return exitCodeOf(last.code)
  if (last?.type === 'done' && last.reason === 'completed') return EXIT.done
  output.line(`go on with\n  ${goOn}`)
  return EXIT.stopped
}

/** Devices are not of the run: it may go on with others. */
const toGoOn = ({ out, devices }: TrainCommand): string =>
  `kappa train --resume --out ${out}${devices === 1 ? '' : ` --devices ${devices}`}`

/** Everything that can be refused is refused here. Null when it was stopped. */
async function prepare(running: Running): Promise<TrainRequest | null> {
  const { folder, output, signal } = running
  const { images, holdOut, recipe, init } = folder.record
  try {
    await checkDevices(running)
    const datasetFolder = await prepareDataset({ images, holdOut, outFolder: folder.path, output, signal })
    if (datasetFolder === null) return null
    const contentHash = await checkDataset(running, datasetFolder)
    const resumeFrom = folder.isNew ? null : await newestCheckpoint(running)
    if (resumeFrom !== null) {
      checkResumable(await readCheckpoint(resumeFrom), { recipe, contentHash, init: init ?? undefined })
    }
    return trainRequest(running, datasetFolder, resumeFrom)
  } catch (error) {
    // A run that was refused never began: the same command, put right, finds the folder as it was.
    if (folder.isNew && isAppError(error)) await folder.forget()
    throw error
  }
}

/** @throws AppError invalid_request naming the flag */
async function checkDevices({ command: { devices }, folder, foresee }: Running): Promise<void> {
  const [problem] = devicesProblems(folder.record.recipe, devices)
  if (problem !== undefined) throw refusal(`--devices ${problem.message}.`)
  // Images are packed for hours at worst: what is known before is said before.
  await foresee(devices).catch((error) => {
    throw isAppError(error, 'engine_unavailable') ? refusal(error.message) : error
  })
}

/** @returns the content hash; @throws AppError invalid_recipe when a batch is larger than the dataset */
async function checkDataset({ folder, output }: Running, datasetFolder: string): Promise<string> {
  const dataset = await openDatasetFolder(datasetFolder)
  await dataset.close()
  const { images, contentHash } = dataset.manifest
  const errors = checkRecipe(folder.record.recipe, { images })
  if (errors.length > 0) throw new AppError('invalid_recipe', { errors: inTheWordsOfFiles(errors) })
  if (folder.isNew) {
    for (const { event, text } of thrownAway(dataset.records, folder.record.recipe)) output.show(event, text)
  }
  return contentHash
}

async function newestCheckpoint({ folder, output }: Running): Promise<string | null> {
  const { folder: newest, skipped } = await findLatestCheckpoint(folder.path)
  for (const { folder: damaged, reason } of skipped) {
    output.show({ type: 'passed_over', folder: damaged, reason }, `passed over ${damaged}: ${reason}`)
  }
  if (newest === null && skipped.length > 0) {
    const message = `No checkpoint in ${folder.path} can be gone on from: ${skipped.map(({ reason }) => reason).join('; ')}`
    throw new AppError('checkpoint_invalid', { message })
  }
  if (newest === null) output.line('there is no checkpoint yet: beginning at step 0')
  return newest
}

function trainRequest({ command, folder }: Running, datasetFolder: string, resumeFrom: string | null): TrainRequest {
  const { checkpointEveryS, checkpointEverySteps, maxSteps, devices, threads, loaders } = command
  const { recipe, init } = folder.record
  return {
    type: 'train',
    recipe,
    datasetFolder,
    outFolder: folder.path,
    checkpointEveryS,
    ...(resumeFrom !== null && { resumeFrom }),
    ...(init && { init: { record: init, path: init.from } }),
    ...(checkpointEverySteps !== undefined && { checkpointEverySteps }),
    ...(maxSteps !== undefined && { maxSteps }),
    devices,
    ...(threads !== undefined && { threads }),
    ...(loaders !== undefined && { loaders })
  }
}

/** @returns the last event */
async function showAll(running: Running, request: TrainRequest): Promise<TrainerEvent | null> {
  const { output, command, folder } = running
  const format = createProgress(request.recipe.hyperparameters.batchSize)
  let last: TrainerEvent | null = null
  try {
    for await (const event of trainAndExport(running, request)) {
      const { text, isTransient } = format(event)
      if (isTransient) output.progress(event, text)
      else output.show(event, text)
      if (event.type === 'started') {
        const change = await noteEngine(folder.path, event)
        if (change !== null) output.line(change)
      }
      last = event
    }
  } catch (error) {
    if (!isAppError(error, 'trainer_crashed')) throw error
    output.line(`go on from the last checkpoint with\n  ${toGoOn(command)}`)
    throw error
  }
  if (last?.type === 'failed')
    output.line(`the run is in ${folder.path}; when that is mended, go on with\n  ${toGoOn(command)}`)
  return last
}

async function* trainAndExport(running: Running, request: TrainRequest): AsyncGenerator<TrainerEvent> {
  const { command, folder, work, signal } = running
  let checkpointFolder = ''
  let isComplete = false
  for await (const event of work.train(request, signal)) {
    yield event
    if (event.type === 'checkpoint') {
      checkpointFolder = event.folder
      for (const old of (await listCheckpoints(folder.path)).slice(0, -command.keep)) await rm(old, { recursive: true })
    }
    isComplete = event.type === 'done' && event.reason === 'completed'
  }
  if (!command.isExporting || !isComplete) return
  const { datasetFolder, threads } = request
  const outFolder = join(folder.path, 'model')
  yield* work.export(
    { type: 'export', checkpointFolder, datasetFolder, outFolder, ...(threads !== undefined && { threads }) },
    signal
  )
}
