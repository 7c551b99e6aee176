/**
 * Checkpoints on disk: student, teacher and optimizer (moments and center) as safetensors, `state.json` as the manifest.
 *
 * How a run resumes:
 *  1. Only a folder with its final name counts; `….partial` is what a killed process left.
 *  2. Every file has the size and hash that the manifest says, or the checkpoint is invalid: it is never repaired. The
 *     manifest is held against the files too: the state hash covers tensors and step, the config hash the recipe.
 *  3. The tensors are exactly those of the recipe, with their shapes; none missing, none extra.
 *  4. The recipe is the checkpoint's own, the preset's name apart: another recipe is another run. Of a run that is a fork or
 *     was extended it may differ in what acts in a step alone (recipe/forks.ts).
 *  5. The dataset has the content hash it had: the order of images depends on it.
 *  6. The run began from the same weights: its state does not tell any more which they were, and its record does.
 *  7. Then step `step` is the next one. It is the position in every schedule, in the data and in every random stream at
 *     once: all of them are functions of recipe, dataset and step. Nothing else is carried over, so a resumed run is the
 *     same run, bit for bit.
 */
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { digestOf, publishFolder, readVerified, writeDurably } from '../base/durable-files.ts'
import { AppError, isAppError } from '../base/errors.ts'
import { decodeSafetensors, encodeSafetensors, type FloatTensor, type Safetensors } from '../base/safetensors.ts'
import type { CheckpointEvent, OutputFile } from '../protocol/training-events.ts'
import { type RecipeDifference, recipeDifferences, recipeHash, wordOf } from '../recipe/differences.ts'
import { forkChanges } from '../recipe/forks.ts'
import type { InitRecord } from '../recipe/init-record.ts'
import { schemaErrors } from '../recipe/presets.ts'
import type { PrototypeSurgery } from '../recipe/prototype-surgery.ts'
import type { Recipe } from '../recipe/schema.ts'
import type { HealthTensors } from './health/window.ts'
import { hashState, joinState, STATE_PARTS, type StatePart, statePart } from './state.ts'
import { type StateTensors, stateSpecs } from './step/state.ts'

const FORMAT = 'kappa-checkpoint/1'
const MANIFEST = 'state.json'
/** Files from before 0.2 have none: their windows begin anew. */
const HEALTH = 'health.safetensors'

/** A position and everything that is needed to go on from it. */
export interface TrainState {
  readonly step: number
  /** Whole epochs completed. */
  readonly epoch: number
  /** Tells the epoch of the last step; files from before 0.3 do not say. */
  readonly stepsPerEpoch?: number
  readonly recipe: Recipe
  /** Content hash of the dataset. */
  readonly contentHash: string
  /** Left out where the run began at random weights. */
  readonly init?: InitRecord | undefined
  /** Of its prototypes, on the way here, the oldest first; left out where there was none. */
  readonly surgeries?: readonly PrototypeSurgery[] | undefined
  readonly tensors: StateTensors
  /** Of the windows that are being reported; it changes no weight and is no part of the state hash. */
  readonly health: HealthTensors
}

export interface CheckpointManifest {
  readonly format: typeof FORMAT
  readonly step: number
  readonly epoch: number
  readonly stepsPerEpoch?: number
  readonly recipe: Recipe
  /** Of the recipe (recipe/differences.ts); files from before 0.2 have none. */
  readonly configHash?: string
  readonly stateHash: string
  readonly contentHash: string
  /** Left out where the run began at random weights. */
  readonly init?: InitRecord
  readonly surgeries?: readonly PrototypeSurgery[]
  readonly files: readonly OutputFile[]
}

export const checkpointsFolder = (outFolder: string): string => join(outFolder, 'checkpoints')

const fileOf = (part: StatePart): string => `${part}.safetensors`

const checkpointFolder = (outFolder: string, step: number): string =>
  join(checkpointsFolder(outFolder), `step-${String(step).padStart(8, '0')}`)

/** Complete or absent. A checkpoint of the same state that is already there is kept as it is. */
export async function writeCheckpoint(outFolder: string, state: TrainState): Promise<CheckpointEvent> {
  const { step, epoch, stepsPerEpoch, recipe, contentHash, init, surgeries, tensors, health } = state
  const folder = checkpointFolder(outFolder, step)
  const stateHash = hashState(tensors, step)
  const files = (await hasCheckpoint(folder, stateHash)) ?? (await publishFolder(folder, fill))
  return { type: 'checkpoint', step, epoch, folder, files, stateHash }

  async function fill(temporary: string): Promise<OutputFile[]> {
    const written: OutputFile[] = []
    const write = async (path: string, chunks: Uint8Array[]) => {
      written.push({ path, ...(await writeDurably(join(temporary, path), chunks)) })
    }
    const specs = stateSpecs(recipe)
    for (const part of STATE_PARTS) {
      await write(
        fileOf(part),
        encodeSafetensors(statePart(tensors, specs, part), { format: 'pt', step: String(step) })
      )
    }
    await write(HEALTH, encodeSafetensors(health))
    const manifest: CheckpointManifest = {
      format: FORMAT,
      step,
      epoch,
      ...(stepsPerEpoch === undefined ? {} : { stepsPerEpoch }),
      recipe,
      configHash: recipeHash(recipe),
      stateHash,
      contentHash,
      ...(init === undefined ? {} : { init }),
      ...(surgeries === undefined ? {} : { surgeries }),
      files: [...written]
    }
    await write(MANIFEST, [Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`)])
    return written
  }
}

/** The teacher alone, of which the file's own hash is checked. @throws AppError checkpoint_invalid, checkpoint_not_found */
export async function readTeacherFile(
  folder: string
): Promise<Omit<CheckpointManifest, 'files'> & { readonly teacher: Safetensors }> {
  const { files, ...manifest } = await readManifest(folder)
  return { ...manifest, teacher: await readFileOf(folder, files, fileOf('teacher')) }
}

async function readFileOf(folder: string, files: readonly OutputFile[], path: string): Promise<Safetensors> {
  const file = files.find((candidate) => candidate.path === path)
  if (file === undefined) throw new AppError('checkpoint_invalid', { message: `${MANIFEST} does not list ${path}.` })
  return decodeSafetensors(await readVerified(join(folder, file.path), file))
}

/** @throws AppError checkpoint_invalid, checkpoint_not_found */
export async function readCheckpoint(folder: string): Promise<TrainState & { readonly stateHash: string }> {
  const { step, epoch, stepsPerEpoch, recipe, stateHash, contentHash, files, init, surgeries } =
    await readManifest(folder)
  const read = (path: string) => readFileOf(folder, files, path)
  const readPart = (part: StatePart) => read(fileOf(part))
  const parts = {
    student: await readPart('student'),
    teacher: await readPart('teacher'),
    optimizer: await readPart('optimizer')
  }
  const tensors = joinState(parts, stateSpecs(recipe))
  if (hashState(tensors, step) !== stateHash)
    throw new AppError('checkpoint_invalid', {
      message: `${MANIFEST} is not of this state: its step or hash was changed.`
    })
  const hasHealth = files.some(({ path }) => path === HEALTH)
  const health = hasHealth ? healthTensors(await read(HEALTH)) : new Map()
  const position = stepsPerEpoch === undefined ? { step, epoch } : { step, epoch, stepsPerEpoch }
  return { ...position, recipe, stateHash, contentHash, init, surgeries, tensors, health }
}

function healthTensors({ tensors }: Safetensors): HealthTensors {
  const health = new Map<string, FloatTensor>()
  for (const [name, { shape, data }] of tensors) {
    if (!(data instanceof Float32Array))
      throw new AppError('checkpoint_invalid', { message: `${name} in ${HEALTH} is not float32.` })
    health.set(name, { shape, data })
  }
  return health
}

export interface Resuming {
  readonly recipe: Recipe
  readonly contentHash: string
  readonly init?: InitRecord | undefined
  /** Forked or extended: its checkpoint may have been made with another recipe. */
  readonly isFork?: boolean | undefined
}

function recipeConflicts(before: Recipe, { recipe, isFork }: Resuming): RecipeDifference[] {
  if (!isFork) return recipeDifferences(before, recipe)
  const fixed = forkChanges(before, recipe).filter(({ reason }) => reason !== null)
  return fixed.map((change) => ({ path: `/${change.path.join('/')}`, before: change.before, after: change.after }))
}

/** @throws AppError checkpoint_invalid naming what differs when the run to go on is another than the checkpoint's */
export function checkResumable(checkpoint: TrainState, run: Resuming): void {
  const errors = recipeConflicts(checkpoint.recipe, run).map(({ path, before, after }) => ({
    path,
    message: `is ${wordOf(before)} in the checkpoint, ${wordOf(after)} now`
  }))
  if (errors.length > 0) {
    const fields = errors.map(({ path, message }) => `${path} ${message}`).join('; ')
    throw new AppError('checkpoint_invalid', {
      message: `The checkpoint was made with another recipe: ${fields}.`,
      errors
    })
  }
  if (checkpoint.contentHash !== run.contentHash) {
    const [before, now] = [checkpoint.contentHash, run.contentHash].map((hash) => hash.slice(0, 12))
    const message = `The checkpoint was made on another dataset: its content hash is ${before}…, not ${now}….`
    throw new AppError('checkpoint_invalid', { message })
  }
  if (checkpoint.init?.sha256 === run.init?.sha256 && checkpoint.init?.head === run.init?.head) return
  const [before, now] = [checkpoint.init, run.init].map(begunFrom)
  throw new AppError('checkpoint_invalid', {
    message: `The checkpoint's run began from ${before}, this one from ${now}.`
  })
}

const begunFrom = (init: InitRecord | undefined): string =>
  init === undefined ? 'random weights' : `${init.from} (${init.sha256.slice(0, 12)}…, head ${init.head})`

export interface LatestCheckpoint {
  /** Null when there is none that can be read. */
  readonly folder: string | null
  /** Newer ones that were passed over, for the user to know. */
  readonly skipped: readonly { readonly folder: string; readonly reason: string }[]
}

/** The newest checkpoint below `outFolder` whose files are what its manifest says. */
export async function findLatestCheckpoint(outFolder: string): Promise<LatestCheckpoint> {
  const skipped: { folder: string; reason: string }[] = []
  for (const folder of (await listCheckpoints(outFolder)).reverse()) {
    try {
      await readCheckpoint(folder)
      return { folder, skipped }
    } catch (error) {
      if (!isAppError(error)) throw error
      skipped.push({ folder, reason: error.message })
    }
  }
  return { folder: null, skipped }
}

/** Folders, oldest first. */
export async function listCheckpoints(outFolder: string): Promise<string[]> {
  const parent = checkpointsFolder(outFolder)
  const names = await readdir(parent).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  return names
    .filter((name) => /^step-\d{8,}$/.test(name))
    .sort()
    .map((name) => join(parent, name))
}

async function readManifest(folder: string): Promise<CheckpointManifest> {
  const text = await readFile(join(folder, MANIFEST), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT')
      throw new AppError('checkpoint_not_found', { message: `There is no checkpoint in ${basename(folder)}.` })
    throw error
  })
  let manifest: CheckpointManifest
  try {
    manifest = JSON.parse(text)
  } catch (error) {
    throw new AppError('checkpoint_invalid', { message: `${MANIFEST} is not JSON.` }, { cause: error })
  }
  if (manifest?.format !== FORMAT)
    throw new AppError('checkpoint_invalid', { message: `${MANIFEST} is not of the format ${FORMAT}.` })
  const [error] = schemaErrors(manifest.recipe)
  if (error)
    throw new AppError('checkpoint_invalid', { message: `The recipe in ${MANIFEST}: ${error.path} ${error.message}` })
  if (manifest.configHash !== undefined && manifest.configHash !== recipeHash(manifest.recipe))
    throw new AppError('checkpoint_invalid', { message: `The recipe in ${MANIFEST} is not the one that was written.` })
  return manifest
}

/** The files of a checkpoint of this very state; undefined when there is none or it is damaged: then it is replaced. */
async function hasCheckpoint(folder: string, stateHash: string): Promise<readonly OutputFile[] | undefined> {
  try {
    const manifest = await readManifest(folder)
    if (manifest.stateHash !== stateHash) return undefined
    for (const file of manifest.files) await readVerified(join(folder, file.path), file)
    const text = await readFile(join(folder, MANIFEST))
    return [...manifest.files, { path: MANIFEST, ...digestOf(text) }]
  } catch (error) {
    if (isAppError(error)) return undefined
    throw error
  }
}
