/**
 * The folder that a run of `kappa train` lives in.
 *
 *   run.json       kappa-run/1: the whole recipe with what auto chose it for, what it began from, and where the images came from
 *   dataset/       the images, packed; held-out/ those that were left out
 *   checkpoints/   step-NNNNNNNN/, complete or absent
 *   model/         the exported model of the last step
 *   metrics.jsonl  a line a step; tensorboard/ the same for TensorBoard, when that is asked for
 *   evaluation.jsonl    what was measured of the model at the end
 *   trained-with.json   engine, device and precision that it was last trained with
 *   run.lock       the process that trains here
 *
 * A folder with anything in it is never begun in; a run in it is gone on with when that is asked for.
 */
import { mkdir, readdir, readFile, rename, rm, rmdir } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { keysToCamel, keysToSnake } from '../base/casing.ts'
import { writeDurably } from '../base/durable-files.ts'
import { AppError, toError } from '../base/errors.ts'
import { canonicalStringify, isRecord } from '../base/json.ts'
import { recipeDifferences, wordOf } from '../recipe/differences.ts'
import type { InitRecord } from '../recipe/init-record.ts'
import { type RecipeRequest, schemaErrors } from '../recipe/presets.ts'
import type { Recipe } from '../recipe/schema.ts'
import { refusal } from './command.ts'
import { systemReason } from './failures.ts'
import { checkWritable } from './new-path.ts'
import { extended, type Lengthening } from './train-extend.ts'
import { type Begun, beginner, checkSameInit, type DescribeInit, type InitFlags } from './train-init.ts'
import type { TrainCommand } from './train-options.ts'
import { beginBeforeImages, inTheWordsOfFiles, readRequest, recipeToGoOnWith } from './train-recipe.ts'

const FORMAT = 'kappa-run/1'
const RECORD = 'run.json'
const NEXT_RECORD = 'run.json.next'
const LOCK = 'run.lock'

export interface RunRecord {
  readonly format: typeof FORMAT
  /** Null until the images have been packed that preset auto chooses it from. */
  readonly recipe: Recipe | null
  /** What it is to be chosen around, while there is no recipe. */
  readonly request?: RecipeRequest
  /** What it is to begin from, while there is no recipe; an absolute path. */
  readonly begin?: InitFlags
  /** Why it is as it is, of a recipe that was chosen. */
  readonly reasons?: readonly string[]
  /** Absolute. */
  readonly images: string
  readonly holdOut: number | null
  /** Null where the run begins at random weights; records from before 0.4 do not say. */
  readonly init?: InitRecord | null
  /** Each time that it was made longer; left out where it never was. */
  readonly extensions?: readonly Lengthening[]
}

export interface RunFolder {
  readonly path: string
  readonly record: RunRecord
  /** What of the recipe is the init's doing; empty where the run goes on, and where nothing is chosen yet. */
  readonly changes: Begun['changes']
  /** Of a run without a recipe: keeps what was chosen. */
  choose(begun: Begun): Promise<void>
  /** The folder was empty or not there. */
  readonly isNew: boolean
  /** Takes away everything that a new run has written: it never began. */
  forget(): Promise<void>
  release(): Promise<void>
}

/** @throws AppError invalid_request naming the folder or the flag that does not fit the run in it */
export async function openRunFolder(command: TrainCommand, describe: DescribeInit): Promise<RunFolder> {
  const path = resolve(command.out)
  const names = await entriesOf(path)
  const isNew = names.length === 0
  if (!isNew && !command.isResuming) {
    const hint = names.includes(RECORD) ? '--resume goes on with the run in it; a new run needs' : 'A run needs'
    throw refusal(`--out ${command.out} is not empty. ${hint} a new or empty folder.`)
  }
  const {
    record,
    changes,
    isLonger = false
  } = isNew ? await newRecord(command, describe) : await goingOn(path, command, describe)
  await checkWritable(path)
  const made = await mkdir(path, { recursive: true })
  await lock(path)
  if (isNew) await keep(path, record)
  if (isLonger) await replace(path, record)
  return {
    path,
    record,
    changes,
    isNew,
    async choose({ recipe, reasons, init }) {
      const { format, images, holdOut } = record
      await replace(path, { format, recipe, reasons, images, holdOut, init })
    },
    release: () => rm(join(path, LOCK), { force: true }),
    async forget() {
      for (const name of [RECORD, 'dataset', 'held-out', LOCK])
        await rm(join(path, name), { recursive: true, force: true })
      if (made !== undefined) await rmdir(path).catch(() => {}) // somebody else's files keep it
    }
  }
}

async function keep(path: string, record: RunRecord, name = RECORD): Promise<void> {
  await writeDurably(join(path, name), [Buffer.from(`${JSON.stringify(keysToSnake(record), null, 2)}\n`)])
}

/** In its place at once, whole: there is no moment without a record. */
async function replace(path: string, record: RunRecord): Promise<void> {
  await rm(join(path, NEXT_RECORD), { force: true })
  await keep(path, record, NEXT_RECORD)
  await rename(join(path, NEXT_RECORD), join(path, RECORD))
}

/** What a killed process leaves behind is as good as nothing. */
async function entriesOf(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).filter((name) => name !== LOCK)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return []
    throw refusal(`--out ${path} cannot be used: ${systemReason(error)}.`)
  }
}

async function newRecord(
  { recipe: choice, images, holdOut, out, init: flags }: TrainCommand,
  describe: DescribeInit
): Promise<GoingOn> {
  if (images === undefined) throw refusal(`There is no run in --out ${out} to go on with; a new one needs --images.`)
  const { request, begun } = await beginBeforeImages(choice, await beginner(flags, describe))
  const where = { images: resolve(images), holdOut: holdOut ?? null }
  if (begun === null) {
    const begin = flags && { begin: { ...flags, path: resolve(flags.path) } }
    return { record: { format: FORMAT, recipe: null, request, ...begin, ...where }, changes: [] }
  }
  const { recipe, init, changes } = begun
  return { record: { format: FORMAT, recipe, ...where, init }, changes }
}

interface GoingOn extends Pick<RunFolder, 'record' | 'changes'> {
  /** The record is not the one on disk. */
  readonly isLonger?: boolean
}

async function goingOn(path: string, command: TrainCommand, describe: DescribeInit): Promise<GoingOn> {
  const known = await knownRecord(path, command, describe)
  const record = command.extend === undefined ? known : await extended(path, known, command.extend)
  return { record, changes: [], isLonger: record !== known }
}

async function knownRecord(path: string, command: TrainCommand, describe: DescribeInit): Promise<RunRecord> {
  const record = await readRecord(path)
  const { recipe, images, holdOut, out } = command
  if (images !== undefined && resolve(images) !== record.images) {
    throw refusal(`--images is ${resolve(images)}, but the run in ${out} was begun with ${record.images}.`)
  }
  if (holdOut !== undefined && holdOut !== record.holdOut) {
    throw refusal(`--hold-out is ${holdOut}, but the run in ${out} was begun with ${record.holdOut ?? 'none'}.`)
  }
  if (record.recipe === null) return checkPending(record, command)
  await checkSameInit(record.init ?? null, { init: command.init, describe, out })
  const errors = recipeDifferences(record.recipe, await recipeToGoOnWith(record.recipe, recipe))
  if (errors.length === 0) return record
  throw refusal(
    `The run in ${out} was begun with another recipe.`,
    inTheWordsOfFiles(
      errors.map(({ path, before, after }) => ({
        path,
        message: `was ${wordOf(before)} and is ${wordOf(after)} now`
      }))
    )
  )
}

/** Of a run that ended while its images were packed: flags must say what they said, or nothing. */
async function checkPending(record: RunRecord, { recipe, init, out }: TrainCommand): Promise<RunRecord> {
  const began = record.begin
  if (init !== undefined && (resolve(init.path) !== began?.path || init.head !== began.head))
    throw refusal(`--init and --init-head are not those that the run in ${out} was begun with.`)
  const request = await readRequest(recipe)
  const saysNothing = Object.keys(request).length === 0
  if (saysNothing || canonicalStringify(request) === canonicalStringify(record.request)) return record
  throw refusal(`The run in ${out} was begun with another recipe.`)
}

async function readRecord(path: string): Promise<RunRecord> {
  const file = join(path, RECORD)
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new AppError('invalid_request', { message: `${path} holds no run: it has no ${RECORD}.` }, { cause: error })
  })
  let record: RunRecord
  try {
    record = keysToCamel(JSON.parse(text)) as RunRecord // checked below
  } catch (error) {
    throw refusal(`${file} is not JSON: ${toError(error).message}.`)
  }
  if (record?.format !== FORMAT) throw refusal(`${file} is not of the format ${FORMAT}.`)
  if (record.recipe === null && !isPending(record))
    throw refusal(`${file} has no recipe, and does not say what it is to be chosen for.`)
  const errors = record.recipe === null ? [] : schemaErrors(record.recipe)
  if (errors.length > 0) throw refusal(`The recipe in ${file} is not valid.`, inTheWordsOfFiles(errors))
  return record
}

/** Has what a recipe is chosen from: what the request says is checked then. */
function isPending({ request, begin, images, holdOut }: RunRecord): boolean {
  const isBegun = begin === undefined || (isRecord(begin) && typeof begin.path === 'string')
  return isRecord(request) && isBegun && typeof images === 'string' && (holdOut === null || Number.isInteger(holdOut))
}

/** @throws AppError invalid_request when another process trains here */
async function lock(path: string): Promise<void> {
  const file = join(path, LOCK)
  const text = await readFile(file, 'utf8').catch(() => null)
  if (text !== null && isHeld(text)) {
    throw refusal(`Process ${text.trim().replace(' ', ' on ')} trains in ${path}; if it does not, remove ${file}.`)
  }
  await rm(file, { force: true })
  await writeDurably(file, [Buffer.from(`${process.pid} ${hostname()}\n`)])
}

/** A process of this machine that is gone holds nothing; of another machine one cannot know. */
function isHeld(text: string): boolean {
  const [pid = '', host] = text.trim().split(' ')
  if (host !== hostname()) return host !== undefined
  try {
    process.kill(Number(pid), 0)
    return Number(pid) !== process.pid
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
