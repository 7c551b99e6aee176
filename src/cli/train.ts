/** `kappa train`: a run without a platform. The same trainer, events on the terminal instead of a database. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError, isAppError } from '../base/errors.ts'
import { openDatasetFolder, readManifest } from '../images/dataset-folder.ts'
import type { TrainerWork } from '../protocol/trainer-child.ts'
import type { TrainerEvent, TrainRequest } from '../protocol/trainer-messages.ts'
import { autoRecipe } from '../recipe/auto.ts'
import { checkRecipe, devicesProblems } from '../recipe/check.ts'
import type { InitRecord } from '../recipe/init-record.ts'
import type { Recipe } from '../recipe/schema.ts'
import { checkResumable, findLatestCheckpoint, listCheckpoints, readCheckpoint } from '../training/checkpoint.ts'
import { circumstancesOf, deviceOf, imagesOf, showReasons } from './chosen-recipe.ts'
import { type Command, EXIT, type ExitCode, exitCodeOf, refusal } from './command.ts'
import { evaluateRun } from './evaluate-run.ts'
import { listenForInterrupt } from './interrupt.ts'
import { openMetricsFile, type StepLog } from './metrics-file.ts'
import type { Output } from './output.ts'
import { openRunFolder, type RunFolder } from './run-folder.ts'
import { openTensorboard } from './tensorboard.ts'
import { thrownAway } from './thrown-away.ts'
import { checkSource, prepareDataset } from './train-dataset.ts'
import { type Begun, beginner, type DescribeInit, showInit } from './train-init.ts'
import { parseTrainCommand, TRAIN_USAGE, type TrainCommand } from './train-options.ts'
import { createProgress } from './train-progress.ts'
import { inTheWordsOfFiles } from './train-recipe.ts'
import { noteEngine } from './trained-with.ts'

/** What an engine would train on. @throws AppError engine_unavailable where so many devices cannot be had */
type Foresee = (devices: number) => Promise<'cpu' | 'gpu'>

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
      return await runAll({ command, folder, output, work, foresee, describe, signal: interrupt.signal })
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
  readonly describe: DescribeInit
  readonly signal: AbortSignal
}

async function runAll(running: Running): Promise<ExitCode> {
  const { output, command, folder } = running
  const goOn = toGoOn(command)
  if (folder.isNew) showInit({ init: folder.record.init ?? null, changes: folder.changes }, output)
  const request = await prepare(running)
  if (request === null) {
    output.show({ type: 'done', step: 0, reason: 'stopped' }, `stopped before the first step; go on with\n  ${goOn}`)
    return EXIT.stopped
  }
  const last = await showAll(running, request)
  if (last?.type === 'exported') {
    if (command.isEvaluating) await evaluateFinished(running, { request, model: last.folder })
    output.line(`\nembed images with\n  kappa embed --model ${last.folder} --images FOLDER --out vectors.npy`)
    return EXIT.done
  }
  if (last?.type === 'failed') return exitCodeOf(last.code)
  if (last?.type === 'done' && last.reason === 'completed') return EXIT.done
  output.line(`go on with\n  ${goOn}`)
  return EXIT.stopped
}

/** The model is there whatever becomes of this: Ctrl-C leaves it out. */
async function evaluateFinished(
  { command, folder, output, signal }: Running,
  { request, model }: { readonly request: TrainRequest; readonly model: string }
): Promise<void> {
  const { datasetFolder: dataset } = request
  const { images } = await readManifest(dataset)
  const hasHeldOut = folder.record.holdOut !== null
  const { threads } = command
  try {
    await evaluateRun({ folder: folder.path, model, dataset, images, hasHeldOut, threads, output, signal })
  } catch (error) {
    if (!signal.aborted) throw error
    output.line('the evaluation is left out')
  }
}

/** Devices are not of the run: it may go on with others. */
const toGoOn = ({ out, devices }: TrainCommand): string =>
  `kappa train --resume --out ${out}${devices === 1 ? '' : ` --devices ${devices}`}`

/** Everything that can be refused is refused here. Null when it was stopped. */
async function prepare(running: Running): Promise<TrainRequest | null> {
  const { command, folder, output, signal } = running
  const { images, holdOut, recipe: known, request: asked } = folder.record
  try {
    if (folder.record.recipe !== null) checkDevices(command, folder.record.recipe)
    const kind = await foreseeDevice(running)
    const datasetFolder = await prepareDataset({
      images,
      holdOut,
      outFolder: folder.path,
      isKept: true,
      channels: (known ?? asked)?.hyperparameters?.channels,
      output,
      signal
    })
    if (datasetFolder === null) return null
    const { recipe, init, contentHash } = await decideRecipe(running, datasetFolder, kind)
    const resumeFrom = folder.isNew ? null : await newestCheckpoint(running)
    if (resumeFrom !== null) {
      const isFork = isLonger(folder)
      checkResumable(await readCheckpoint(resumeFrom), { recipe, contentHash, init: init ?? undefined, isFork })
    }
    return trainRequest(running, { recipe, init, datasetFolder, resumeFrom })
  } catch (error) {
    // A run that was refused never began: the same command, put right, finds the folder as it was.
    if (folder.isNew && isAppError(error)) await folder.forget()
    throw error
  }
}

/** @throws AppError invalid_request naming the flag */
function checkDevices({ devices }: TrainCommand, recipe: Recipe): void {
  const [problem] = devicesProblems(recipe, devices)
  if (problem !== undefined) throw refusal(`--devices ${problem.message}.`)
}

/** Images are packed for hours at worst: what is known before is said before. @throws AppError invalid_request */
function foreseeDevice({ command: { devices }, foresee }: Running): Promise<'cpu' | 'gpu'> {
  return foresee(devices).catch((error) => {
    throw isAppError(error, 'engine_unavailable') ? refusal(error.message) : error
  })
}

interface Decided {
  readonly recipe: Recipe
  readonly init: InitRecord | null
  readonly contentHash: string
}

/** The run's recipe, chosen now if it is not yet. @throws AppError invalid_recipe when a batch is larger than the dataset */
async function decideRecipe(running: Running, path: string, kind: 'cpu' | 'gpu'): Promise<Decided> {
  const { command, folder, output, describe } = running
  const dataset = await openDatasetFolder(path)
  await dataset.close()
  const { manifest, records } = dataset
  const { request, begin, recipe: known, init = null } = folder.record
  const refuse = (recipe: Recipe, from: InitRecord | null) => {
    const errors = checkRecipe(recipe, { ...circumstancesOf(dataset), hasInit: from !== null })
    if (errors.length > 0) throw new AppError('invalid_recipe', { errors: inTheWordsOfFiles(errors) })
    checkDevices(command, recipe)
  }
  if (known !== null) refuse(known, init)
  const begun = known === null ? await choose() : { recipe: known, init }
  const { recipe } = begun
  const told = thrownAway(records, recipe, { report: manifest.report, hasInit: begun.init !== null })
  if (folder.isNew) for (const { event, text } of told) output.show(event, text)
  return { recipe, init: begun.init, contentHash: manifest.contentHash }

  async function choose(): Promise<Begun> {
    const beginning = await beginner(begin, describe)
    const chosen = beginning(request ?? {}, (asked) => autoRecipe(imagesOf(dataset), deviceOf(command, kind), asked))
    refuse(chosen.recipe, chosen.init)
    showReasons(chosen, output)
    showInit(chosen, output)
    await folder.choose(chosen)
    return chosen
  }
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

const isLonger = ({ record }: RunFolder): boolean => (record.extensions ?? []).length > 0

interface Decision {
  readonly recipe: Recipe
  readonly init: InitRecord | null
  readonly datasetFolder: string
  readonly resumeFrom: string | null
}

function trainRequest({ command, folder }: Running, { resumeFrom, init, ...decision }: Decision): TrainRequest {
  const { checkpointEveryS, checkpointEverySteps, maxSteps, devices, threads, loaders } = command
  return {
    type: 'train',
    ...decision,
    outFolder: folder.path,
    checkpointEveryS,
    ...(resumeFrom !== null && { resumeFrom }),
    ...(isLonger(folder) && { isFork: true }),
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
  const logs: StepLog[] = []
  try {
    for await (const event of trainAndExport(running, request)) {
      const { text, isTransient } = format(event)
      if (isTransient) output.progress(event, text)
      else output.show(event, text)
      if (event.type === 'step') for (const log of logs) await log.add(event)
      if (event.type === 'started') {
        logs.push(await openMetricsFile(folder.path, event.step))
        if (command.hasTensorboard) logs.push(await openTensorboard(folder.path, event.step))
        const change = await noteEngine(folder.path, event)
        if (change !== null) output.line(change)
      }
      last = event
    }
  } catch (error) {
    if (!isAppError(error, 'trainer_crashed')) throw error
    output.line(`go on from the last checkpoint with\n  ${toGoOn(command)}`)
    throw error
  } finally {
    for (const log of logs) await log.close()
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
