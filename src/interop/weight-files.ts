/** From a file or a folder to named tensors, and to what its neighbours and its own arguments say about them. */
import { type FileHandle, open, readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { AppError } from '../base/errors.ts'
import { isRecord } from '../base/json.ts'
import type { CheckpointNetwork } from '../recipe/weight-options.ts'
import { entriesOf, nameOfValue, PickleObject, type PickleValue } from './pickle-values.ts'
import { readSafetensorsFile } from './safetensors-file.ts'
import { isLazyTensor, type LazyTensor, NoTensor, shownName, type TensorsByName, unreadable } from './tensor-source.ts'
import { readTorchFile } from './torch-file.ts'

export interface WeightFiles {
  readonly file: string
  readonly tensors: TensorsByName
  /** Where in a checkpoint the tensors were, such as `teacher`; null when it holds nothing else. */
  readonly part: string | null
  /** What else the checkpoint holds, by name: it is not imported. */
  readonly otherParts: readonly string[]
  /** `args` of a training checkpoint. */
  readonly trainingArguments: ReadonlyMap<string, unknown>
  /** Whole epochs that it says it was trained for. */
  readonly epochs: number | null
  /** Of the teacher's logits in the loss of a DINO or iBOT checkpoint; null elsewhere, and beside a student. */
  readonly center: LazyTensor | null
  /** config.json beside the weights, of Hugging Face or timm. */
  readonly config: Readonly<Record<string, unknown>> | null
  readonly preprocessor: Readonly<Record<string, unknown>> | null
  close(): Promise<void>
}

/** In this order: a folder often holds the same weights twice. */
const NAMES = ['model.safetensors', 'pytorch_model.bin']
const WEIGHTS = /\.(safetensors|pth|pt|bin)$/i
/** In a message. */
const MOST_NAMES = 8
const MOST_JSON_BYTES = 4 * 2 ** 20
/** Where checkpoints keep a state dict, when they keep other things too. */
const PARTS = ['state_dict', 'model', 'model_state_dict'] as const

/** @throws AppError checkpoint_invalid, invalid_request; close it in any case */
export async function openWeightFiles(path: string, network: CheckpointNetwork | undefined): Promise<WeightFiles> {
  const { folder, file } = await locate(path)
  const handle = await open(join(folder, file)).catch(cannotRead(path))
  try {
    const found = await readTensors(handle, { file, network })
    return {
      ...found,
      file,
      config: await readJson(join(folder, 'config.json')),
      preprocessor: await readJson(join(folder, 'preprocessor_config.json')),
      close: () => handle.close()
    }
  } catch (error) {
    await handle.close()
    throw error
  }
}

async function locate(path: string): Promise<{ folder: string; file: string }> {
  const found = await stat(path).catch((error: unknown) => {
    throw new AppError('invalid_request', { message: `There is nothing at ${path}.` }, { cause: error })
  })
  if (found.isFile()) return { folder: join(path, '..'), file: basename(path) }
  const names = (await readdir(path).catch(cannotRead(path))).filter((name) => WEIGHTS.test(name)).sort()
  const known = NAMES.find((name) => names.includes(name))
  if (known !== undefined) return { folder: path, file: known }
  const [only, ...others] = names
  if (only === undefined) throw unreadable('The folder holds no .safetensors, .pth, .pt or .bin file.')
  if (others.length > 0) throw unreadable(`The folder holds several weight files (${names.join(', ')}); name one.`)
  return { folder: path, file: only }
}

const cannotRead =
  (path: string) =>
  (error: NodeJS.ErrnoException): never => {
    throw new AppError('invalid_request', { message: `${path} cannot be read (${error.code}).` }, { cause: error })
  }

type FoundTensors = Pick<WeightFiles, 'tensors' | 'part' | 'otherParts' | 'trainingArguments' | 'epochs' | 'center'>

async function readTensors(
  handle: FileHandle,
  { file, network }: { file: string; network: CheckpointNetwork | undefined }
): Promise<FoundTensors> {
  if (/\.safetensors$/i.test(file)) {
    const tensors = await readSafetensorsFile(handle)
    return { tensors, part: null, otherParts: [], trainingArguments: new Map(), epochs: null, center: null }
  }
  return findStateDict(await readTorchFile(handle), network)
}

/** A state dict is a dict with tensors in it; a training checkpoint is a dict of such dicts, and of other things. */
function findStateDict(value: PickleValue, network: CheckpointNetwork | undefined): FoundTensors {
  const top = textEntries(value)
  if (top === null) throw noStateDict(value)
  const trainingArguments = textEntries(top.get('args')) ?? new Map<string, PickleValue>()
  const candidates = network === undefined ? ['teacher', 'student', ...PARTS] : [network]
  const part = candidates.find((name) => hasTensors(textEntries(top.get(name))))
  if (part === undefined && hasTensors(top)) {
    return { tensors: tensorsOf(top), part: null, otherParts: [], trainingArguments, epochs: null, center: null }
  }
  if (part === undefined) {
    const empty = candidates.find((name) => textEntries(top.get(name)) !== null)
    const holds =
      empty === undefined ? `it holds ${contentsOf(top)}` : `${empty} holds ${contentsOf(textEntries(top.get(empty))!)}`
    throw unreadable(`The checkpoint holds no weights under ${candidates.join(', ')}; ${holds}.`)
  }
  const otherParts = [...top.keys()].filter((name) => name !== part && name !== 'args')
  const epoch = top.get('epoch')
  return {
    tensors: tensorsOf(textEntries(top.get(part))!),
    part,
    otherParts,
    trainingArguments,
    epochs: typeof epoch === 'number' ? epoch : null,
    center: part === 'teacher' ? centerIn(top) : null
  }
}

/** The losses of both are modules, whose buffer of class tokens has this name. */
function centerIn(top: ReadonlyMap<string, PickleValue>): LazyTensor | null {
  for (const loss of ['dino_loss', 'ibot_loss']) {
    const center = textEntries(top.get(loss))?.get('center')
    if (isLazyTensor(center)) return center
  }
  return null
}

function contentsOf(entries: ReadonlyMap<string, PickleValue>): string {
  const some = [...entries].slice(0, MOST_NAMES).map(([name, value]) => `${shownName(name)} (${nameOfValue(value)})`)
  return some.join(', ') || 'nothing'
}

function noStateDict(value: PickleValue): AppError {
  const found = `The file holds ${nameOfValue(value)}, no state dict.`
  if (!(value instanceof PickleObject)) return unreadable(found)
  return unreadable(
    `${found} Nothing that a weight file names is ever run: save the state_dict() of the model instead.`
  )
}

const hasTensors = (entries: ReadonlyMap<string, PickleValue> | null): boolean =>
  entries !== null && [...entries.values()].some(isLazyTensor)

const tensorsOf = (entries: ReadonlyMap<string, PickleValue>): TensorsByName =>
  new Map<string, LazyTensor>(
    [...entries].map(([name, value]) => [name, isLazyTensor(value) ? value : new NoTensor(nameOfValue(value))])
  )

function textEntries(value: PickleValue | undefined): Map<string, PickleValue> | null {
  const entries = entriesOf(value)
  if (entries === null) return null
  const named = [...entries].filter((entry): entry is [string, PickleValue] => typeof entry[0] === 'string')
  return named.length === entries.size ? new Map(named) : null
}

async function readJson(path: string): Promise<Record<string, unknown> | null> {
  const found = await stat(path).catch(() => null) // most weights come without
  if (found === null) return null
  if (found.size > MOST_JSON_BYTES) throw unreadable(`${basename(path)} is over the limit of ${MOST_JSON_BYTES} bytes.`)
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'))
    if (isRecord(value)) return value
  } catch (error) {
    throw unreadable(`${basename(path)} is not JSON.`, error)
  }
  throw unreadable(`${basename(path)} is not an object.`)
}
