/**
 * Weight files of PyTorch (`.pth`, `.pt`, `.bin`): a zip archive with a pickle and one entry a storage since version 1.6,
 * before that a sequence of pickles with the storages behind. Opening reads the pickles; numbers stay in the file.
 */
import type { FileHandle } from 'node:fs/promises'
import { unpickle } from './pickle.ts'
import { createPickleBudget } from './pickle-budget.ts'
import type { PickleValue } from './pickle-values.ts'
import { bytesPerElement, readExactly, unreadable } from './tensor-source.ts'
import { createTorchHost, type OpenStorage, type Storage, storageBytes } from './torch-values.ts'
import { readZipDirectory, type ZipEntry } from './zip-directory.ts'

/** With optimizer state, that of ViT-L has 145 kB. */
const MOST_PICKLE_BYTES = 64 * 2 ** 20
const ZIP_MAGIC = [0x50, 0x4b, 0x03, 0x04]
/** The pickle of the number that an old file begins with: PROTO 2, LONG1 of 10 bytes. */
const LEGACY_MAGIC = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]

/** @throws AppError checkpoint_invalid; reading a tensor may throw it too */
export async function readTorchFile(file: FileHandle): Promise<PickleValue> {
  const { size } = await file.stat()
  const head = await readExactly(file, 0, Math.min(size, LEGACY_MAGIC.length))
  if (ZIP_MAGIC.every((byte, i) => head[i] === byte)) return readZipFile(file, size)
  if (LEGACY_MAGIC.every((byte, i) => head[i] === byte)) return readLegacyFile(file, size)
  throw unreadable('The file is no weight file of PyTorch: neither a zip archive nor its older format.')
}

async function readZipFile(file: FileHandle, fileBytes: number): Promise<PickleValue> {
  const entries = await readZipDirectory(file, fileBytes)
  const [pickle, ...others] = [...entries.values()].filter(({ name }) => /^[^/]+\/data\.pkl$/.test(name))
  if (pickle === undefined || others.length > 0) throw unreadable('The zip archive holds no weights of PyTorch.')
  if (pickle.bytes > MOST_PICKLE_BYTES) {
    throw unreadable(`The pickle of ${pickle.bytes} bytes is over the limit of ${MOST_PICKLE_BYTES}.`)
  }
  const folder = pickle.name.slice(0, -'data.pkl'.length)
  const order = entries.get(`${folder}byteorder`)
  const isLittle = order === undefined || (order.bytes === 'little'.length && (await readsLittle(file, order)))
  if (!isLittle) {
    throw unreadable('The numbers were written by a big-endian machine.')
  }
  const openStorage: OpenStorage = (key, dtype, elements) => {
    const entry = entries.get(`${folder}data/${key}`)
    if (entry === undefined) throw unreadable(`The file has no storage ${key}.`)
    if (entry.bytes !== storageBytes({ dtype, elements })) {
      throw unreadable(`Storage ${key} has ${entry.bytes} bytes, not those of ${elements} numbers of ${dtype}.`)
    }
    const size = bytesPerElement(dtype)
    const read: Storage['read'] = async (from, count) =>
      readExactly(file, (await entry.offset()) + from * size, count * size)
    return { dtype, elements, read }
  }
  return unpickle(await readEntry(file, pickle), createTorchHost(openStorage)).value
}

const readEntry = async (file: FileHandle, entry: ZipEntry): Promise<Uint8Array> =>
  readExactly(file, await entry.offset(), entry.bytes)

const readsLittle = async (file: FileHandle, order: ZipEntry): Promise<boolean> =>
  new TextDecoder().decode(await readEntry(file, order)) === 'little'

/** magic · protocol · system · the object · keys of the storages, in the order in which they follow */
async function readLegacyFile(file: FileHandle, fileBytes: number): Promise<PickleValue> {
  const bytes = await readExactly(file, 0, Math.min(fileBytes, MOST_PICKLE_BYTES))
  const places = new Map<string, number>()
  const declared = new Map<string, Storage>()
  const openStorage: OpenStorage = (key, dtype, elements) => {
    const known = declared.get(key)
    if (known !== undefined && known.dtype === dtype && known.elements === elements) return known
    if (known !== undefined) throw unreadable(`Storage ${key} is declared twice, differently.`)
    const size = bytesPerElement(dtype)
    const read: Storage['read'] = (from, count) => readExactly(file, places.get(key)! + from * size, count * size)
    const storage = { dtype, elements, read }
    declared.set(key, storage)
    return storage
  }
  let end = 0
  const budget = createPickleBudget()
  const next = (): PickleValue => {
    const unpickled = unpickle(bytes.subarray(end), createTorchHost(openStorage), budget)
    end += unpickled.end
    return unpickled.value
  }
  const [, , system, value, keys] = [next(), next(), next(), next(), next()]
  if (system instanceof Map && system.get('little_endian') === false) {
    throw unreadable('The numbers were written by a big-endian machine.')
  }
  await locateStorages(file, { keys, end, fileBytes, declared, places })
  return value!
}

interface LegacyStorages {
  readonly keys: PickleValue | undefined
  /** Of the pickles: the storages follow. */
  readonly end: number
  readonly fileBytes: number
  readonly declared: ReadonlyMap<string, Storage>
  readonly places: Map<string, number>
}

/** Each storage is its number of elements in 8 bytes, then the elements. */
async function locateStorages(
  file: FileHandle,
  { keys, end, fileBytes, declared, places }: LegacyStorages
): Promise<void> {
  if (!Array.isArray(keys)) throw unreadable('The file does not say where its storages are.')
  let position = end
  for (const key of keys) {
    const storage = typeof key === 'string' ? declared.get(key) : undefined
    if (storage === undefined) throw unreadable('The file has a storage that no tensor uses, or of an unknown type.')
    const count = new DataView((await readExactly(file, position, 8)).buffer).getBigInt64(0, true)
    if (count !== BigInt(storage.elements)) throw unreadable(`Storage ${String(key)} does not have its declared size.`)
    places.set(key as string, position + 8)
    position += 8 + storageBytes(storage)
    if (position > fileBytes) throw unreadable(`The file ends within storage ${String(key)}.`)
  }
  for (const key of declared.keys()) if (!places.has(key)) throw unreadable(`The file has no storage ${key}.`)
}
