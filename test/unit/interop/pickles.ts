/** Pickles and zip files written by hand, well-meant or not. */

/** By their names in Lib/pickletools.py. */
export const op = {
  proto: Buffer.of(0x80, 2),
  stop: Buffer.from('.'),
  mark: Buffer.from('('),
  none: Buffer.from('N'),
  emptyList: Buffer.from(']'),
  emptyDict: Buffer.from('}'),
  emptyTuple: Buffer.from(')'),
  tuple: Buffer.from('t'),
  tuple1: Buffer.of(0x85),
  tuple2: Buffer.of(0x86),
  append: Buffer.from('a'),
  setItem: Buffer.from('s'),
  setItems: Buffer.from('u'),
  reduce: Buffer.from('R'),
  newObject: Buffer.of(0x81),
  build: Buffer.from('b'),
  persistentId: Buffer.from('Q'),
  stackGlobal: Buffer.of(0x93)
}

export const globalName = (module: string, name: string): Buffer => Buffer.from(`c${module}\n${name}\n`)

export function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([Buffer.from('X'), uint32(bytes.length), bytes])
}

export const integer = (value: number): Buffer => Buffer.concat([Buffer.from('J'), int32(value)])

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(value)
  return bytes
}

export const pickle = (...parts: Buffer[]): Buffer => Buffer.concat([op.proto, ...parts, op.stop])

export const tupleOf = (...items: Buffer[]): Buffer => Buffer.concat([op.mark, ...items, op.tuple])

export const storage = (key: string, elements: number, type = 'FloatStorage'): Buffer =>
  Buffer.concat([
    tupleOf(text('storage'), globalName('torch', type), text(key), text('cpu'), integer(elements)),
    op.persistentId
  ])

export interface Tensor {
  readonly key?: string
  readonly elements: number
  readonly offset?: number
  readonly shape: readonly number[]
  readonly stride: readonly number[]
}

export const tensor = ({ key = '0', elements, offset = 0, shape, stride }: Tensor): Buffer =>
  Buffer.concat([
    globalName('torch._utils', '_rebuild_tensor_v2'),
    tupleOf(
      storage(key, elements),
      integer(offset),
      tupleOf(...shape.map(integer)),
      tupleOf(...stride.map(integer)),
      Buffer.of(0x89),
      Buffer.concat([globalName('collections', 'OrderedDict'), op.emptyTuple, op.reduce])
    ),
    op.reduce
  ])

export const dictOf = (...pairs: [key: string, value: Buffer][]): Buffer =>
  Buffer.concat([op.emptyDict, op.mark, ...pairs.flatMap(([key, value]) => [text(key), value]), op.setItems])

interface Entry {
  readonly name: string
  readonly data: Buffer
  /** What a dishonest archive says instead. */
  readonly says?: {
    readonly method?: number
    readonly flags?: number
    readonly bytes?: number
    readonly offset?: number
    readonly packedBytes?: number
    /** As a 64-bit number in an extra field. */
    readonly wideOffset?: bigint
  }
}

interface Directory {
  readonly entries: bigint
  readonly bytes: bigint
  readonly offset: bigint
}

/** With the records of 64 bits, as PyTorch writes them when something needs them. */
export function endOf({ entries, bytes, offset }: Directory): Buffer {
  const end64 = Buffer.alloc(56)
  end64.writeUInt32LE(0x06064b50, 0)
  end64.writeBigUInt64LE(44n, 4)
  end64.writeBigUInt64LE(entries, 24)
  end64.writeBigUInt64LE(entries, 32)
  end64.writeBigUInt64LE(bytes, 40)
  end64.writeBigUInt64LE(offset, 48)
  const locator = Buffer.alloc(20)
  locator.writeUInt32LE(0x07064b50, 0)
  locator.writeBigUInt64LE((offset + bytes) % 2n ** 64n, 8)
  locator.writeUInt32LE(1, 16)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(0xffff, 10)
  end.writeUInt32LE(0xffffffff, 12)
  end.writeUInt32LE(0xffffffff, 16)
  return Buffer.concat([end64, locator, end])
}

export function zipParts(entries: readonly Entry[]): { readonly file: Buffer; readonly directory: Buffer } {
  const files: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { name, data, says = {} } of entries) {
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50, 0)
    local.writeUInt16LE(name.length, 26)
    const file = Buffer.concat([local, Buffer.from(name), data])
    const extra = Buffer.alloc(says.wideOffset === undefined ? 0 : 12)
    if (says.wideOffset !== undefined) {
      extra.writeUInt16LE(1, 0)
      extra.writeUInt16LE(8, 2)
      extra.writeBigUInt64LE(says.wideOffset, 4)
    }
    const central = Buffer.alloc(46)
    central.writeUInt32LE(0x02014b50, 0)
    central.writeUInt16LE(says.flags ?? 0, 8)
    central.writeUInt16LE(says.method ?? 0, 10)
    central.writeUInt32LE(says.packedBytes ?? says.bytes ?? data.length, 20)
    central.writeUInt32LE(says.bytes ?? data.length, 24)
    central.writeUInt16LE(name.length, 28)
    central.writeUInt16LE(extra.length, 30)
    central.writeUInt32LE(says.wideOffset === undefined ? (says.offset ?? offset) : 0xffffffff, 42)
    files.push(file)
    directory.push(central, Buffer.from(name), extra)
    offset += file.length
  }
  return { file: Buffer.concat(files), directory: Buffer.concat(directory) }
}

/** @param says what a dishonest archive says about its directory, in 64 bits */
export function zipOf(
  entries: readonly Entry[],
  says?: { readonly entries?: bigint; readonly directoryOffset?: bigint }
): Buffer {
  const { file, directory } = zipParts(entries)
  if (says !== undefined) {
    const bytes = BigInt(directory.length)
    const end = endOf({ entries: says.entries ?? 1n, bytes, offset: says.directoryOffset ?? BigInt(file.length) })
    // The locator points to the record that follows the directory, whatever the record says.
    end.writeBigUInt64LE(BigInt(file.length + directory.length), 56 + 8)
    return Buffer.concat([file, directory, end])
  }
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(file.length, 16)
  return Buffer.concat([file, directory, end])
}

export const torchFile = (pickled: Buffer, storages: Readonly<Record<string, Buffer>> = {}): Buffer =>
  zipOf([
    { name: 'archive/data.pkl', data: pickled },
    ...Object.entries(storages).map(([key, data]) => ({ name: `archive/data/${key}`, data }))
  ])
