/**
 * What a run can begin from, read from disk: a model's folder, a checkpoint's, or weights of others as `kappa import` takes
 * them without options. Which one it is, the files tell.
 */
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { digestOf } from '../base/durable-files.ts'
import { AppError, isAppError } from '../base/errors.ts'
import { decodeSafetensors, type FloatTensor } from '../base/safetensors.ts'
import { importWeights } from '../interop/import-weights.ts'
import { resamplePositions, resamplingOf } from '../interop/position-table.ts'
import { MIXTURE_TENSORS, MODEL_FILES, readModelConfig, WEIGHT_FILES } from '../protocol/model-folder.ts'
import type { TrainInit } from '../protocol/trainer-messages.ts'
import type { InitSubject } from '../recipe/init.ts'
import { type InitRecord, weightsHash } from '../recipe/init-record.ts'
import { type Network, networkOf } from '../recipe/network.ts'
import type { PositionResampling } from '../recipe/weight-options.ts'
import { networkParameters } from '../ssl/parameters.ts'
import type { Init, InitWeights } from '../training/begin.ts'
import { readCheckpoint } from '../training/checkpoint.ts'
import { hashOf, knownNormalization } from './import.ts'

interface Opened {
  readonly subject: InitSubject
  /** Positions as they are stored. */
  readonly weights: InitWeights
  readonly resampling: PositionResampling
}

const POSITIONS = 'backbone.pos_embed'
const CHECKPOINT_MANIFEST = 'state.json'
const RUN_RECORD = 'run.json'

/**
 * @param path a model's folder, a checkpoint's, a weight file or a folder with one
 * @throws AppError invalid_request, checkpoint_invalid, model_not_ready, weights_unsupported, weights_mismatch
 */
export const describeInit = async (path: string): Promise<InitSubject> => (await open(path)).subject

/** @param imageSize pixels of the run's global crops */
export const initOf = ({ record, path }: TrainInit, imageSize: number): Init => ({
  record,
  read: () => read(record, path, imageSize)
})

async function read(record: InitRecord, path: string | undefined, imageSize: number): Promise<InitWeights> {
  if (path === undefined) throw new AppError('init_unavailable')
  const { subject, weights, resampling } = await open(path).catch((error: Error) => {
    throw new AppError('init_unavailable', { message: `The run begins from ${record.from}: ${error.message}` })
  })
  if (subject.sha256 !== record.sha256) {
    const [was, is] = [record, subject].map(({ sha256 }) => `${sha256.slice(0, 12)}…`)
    const message = `What the run begins from is another by now: the weights in ${record.from} had the hash ${was}, and have ${is}.`
    throw new AppError('init_unavailable', { message })
  }
  return { ...weights, tensors: resampled(weights.tensors, { network: subject.network, imageSize, resampling }) }
}

function resampled(
  tensors: InitWeights['tensors'],
  { network, imageSize, resampling }: { network: Network; imageSize: number; resampling: PositionResampling }
): InitWeights['tensors'] {
  const stored = tensors.get(POSITIONS)
  const [from, to] = [network.imageSize / network.patchSize, imageSize / network.patchSize]
  if (stored === undefined || from === to) return tensors
  const data = resamplePositions(stored.data, { from, to, resampling })
  return new Map(tensors).set(POSITIONS, { shape: [1, 1 + to * to, network.dim], data })
}

async function open(path: string): Promise<Opened> {
  const has = (name: string) =>
    stat(join(path, name)).then(
      () => true,
      () => false
    )
  if (await has(CHECKPOINT_MANIFEST)) return openCheckpoint(path)
  if (await has(MODEL_FILES.backbone)) return openModel(path)
  if (await has(RUN_RECORD)) {
    const message = `${path} is a run; a run begins from its model/, or from one of its checkpoints/.`
    throw new AppError('invalid_request', { message })
  }
  return openWeights(path)
}

async function openModel(folder: string): Promise<Opened> {
  const { network, normalization, prototypes, centering = null, origin } = await readModelConfig(folder)
  const files: { name: string; sha256: string }[] = []
  const tensors = new Map<string, FloatTensor>()
  for (const name of WEIGHT_FILES) {
    const bytes = await readFile(join(folder, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null // without a head there is none
      throw error
    })
    if (bytes === null) continue
    files.push({ name, sha256: digestOf(bytes).sha256 })
    for (const [key, { shape, data }] of decodeSafetensors(bytes).tensors) {
      if (data instanceof Float32Array) tensors.set(key, { shape, data })
    }
  }
  const center = tensors.get(MIXTURE_TENSORS.center)
  return {
    subject: {
      source: 'model',
      from: folder,
      sha256: weightsHash(files),
      network,
      hasHead: prototypes !== null,
      normalization: { mean: [...normalization.mean], std: [...normalization.std] }
    },
    weights: { tensors, centers: center ? new Map([['center.cls', center.data]]) : new Map(), centering },
    resampling: origin === null ? 'offset' : resamplingOf(origin.format, network)
  }
}

async function openCheckpoint(folder: string): Promise<Opened> {
  const { recipe, tensors: state, stateHash } = await readCheckpoint(folder)
  const network = networkOf(recipe)
  const { normalization, centering } = recipe.hyperparameters
  const tensors = networkParameters(network).map(({ name, shape }): [string, FloatTensor] => [
    name,
    { shape, data: state[`teacher.${name}`]! }
  ])
  const centers = Object.entries(state).filter(([name]) => name.startsWith('center.'))
  return {
    subject: { source: 'checkpoint', from: folder, sha256: stateHash, network, hasHead: true, normalization },
    weights: { tensors: new Map(tensors), centers: new Map(centers), centering },
    resampling: 'offset'
  }
}

async function openWeights(path: string): Promise<Opened> {
  const imported = await importWeights(path, {}).catch((error: unknown) => {
    if (!isAppError(error, 'weights_unsupported')) throw error
    const message = `${error.message} What needs options becomes a model first (kappa import), and that is begun from.`
    throw new AppError(error.code, { ...error.details, message }, { cause: error })
  })
  const { network, hasHead, files, weights, center, format } = imported
  const file = (await stat(path)).isFile() ? path : join(path, files.file)
  const shapes = new Map(networkParameters(network).map(({ name, shape }) => [name, shape]))
  const known = knownNormalization(imported, {})?.normalization
  return {
    subject: {
      source: 'weights',
      from: path,
      sha256: await hashOf(file),
      network,
      hasHead,
      normalization: known === undefined ? null : { mean: [...known.mean], std: [...known.std] }
    },
    weights: {
      tensors: new Map(Object.entries(weights).map(([name, data]) => [name, { shape: shapes.get(name)!, data }])),
      centers: center === null ? new Map() : new Map([['center.cls', center]]),
      // DINO's and iBOT's center is a mean of raw ⟨w, y⟩.
      centering: center === null ? null : 'logit'
    },
    resampling: resamplingOf(format, network)
  }
}
