import assert from 'node:assert/strict'
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { isAppError } from '../../../src/base/errors.ts'
import { importWeights } from '../../../src/interop/import-weights.ts'
import type { PickleValue } from '../../../src/interop/pickle-values.ts'
import { isLazyTensor } from '../../../src/interop/tensor-source.ts'
import { readTorchFile } from '../../../src/interop/torch-file.ts'
import {
  dictOf,
  endOf,
  globalName,
  integer,
  op,
  pickle,
  tensor,
  text,
  torchFile,
  tupleOf,
  uint32,
  zipOf,
  zipParts
} from './pickles.ts'

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kappa-torch-'))
})
after(() => rm(folder, { recursive: true }))

let files = 0
async function read<T>(bytes: Uint8Array, use: (value: PickleValue) => T | Promise<T>): Promise<T> {
  const path = join(folder, `${files++}.pth`)
  await writeFile(path, bytes)
  const file = await open(path)
  try {
    return await use(await readTorchFile(file))
  } finally {
    await file.close()
  }
}

const refuses = (bytes: Uint8Array, reason: RegExp) =>
  assert.rejects(
    read(bytes, () => null),
    (error) => isAppError(error, 'checkpoint_invalid') && reason.test(error.message)
  )

/** As a user meets it: the whole import says no, by name. */
async function refusesImport(bytes: Uint8Array, reason: RegExp): Promise<void> {
  const path = join(folder, `${files++}.pth`)
  await writeFile(path, bytes)
  await assert.rejects(
    importWeights(path, {}),
    (error) => isAppError(error, 'checkpoint_invalid') && reason.test(error.message)
  )
}

const floats = (...values: number[]): Buffer => Buffer.from(Float32Array.from(values).buffer)

const numbersOf = async (value: PickleValue, name: string) => {
  const found = value instanceof Map ? value.get(name) : undefined
  assert.ok(isLazyTensor(found))
  return { shape: found.shape, values: [...(await found.read())] }
}

test('tensors are views of a storage: offset, transposed, every second', async () => {
  const pickled = pickle(
    dictOf(
      ['offset', tensor({ elements: 6, offset: 2, shape: [2, 2], stride: [2, 1] })],
      ['transposed', tensor({ elements: 6, shape: [3, 2], stride: [1, 3] })],
      ['second', tensor({ elements: 6, offset: 1, shape: [3], stride: [2] })],
      ['number', tensor({ elements: 6, offset: 5, shape: [], stride: [] })]
    )
  )
  await read(torchFile(pickled, { 0: floats(0, 1, 2, 3, 4, 5) }), async (value) => {
    assert.deepEqual(await numbersOf(value, 'offset'), { shape: [2, 2], values: [2, 3, 4, 5] })
    assert.deepEqual(await numbersOf(value, 'transposed'), { shape: [3, 2], values: [0, 3, 1, 4, 2, 5] })
    assert.deepEqual(await numbersOf(value, 'second'), { shape: [3], values: [1, 3, 5] })
    assert.deepEqual(await numbersOf(value, 'number'), { shape: [], values: [5] })
  })
})

const calls = (module: string, name: string, argument = 'touch /tmp/owned') =>
  Buffer.concat([globalName(module, name), text(argument), op.tuple1, op.reduce])

const HOSTILE: Record<string, [pickled: Buffer, reason: RegExp]> = {
  'os.system': [pickle(calls('os', 'system')), /os\.system/],
  'posix.system under the name of a tensor': [pickle(dictOf(['cls_token', calls('posix', 'system')])), /posix\.system/],
  'builtins.eval': [pickle(calls('builtins', 'eval', '1 + 1')), /builtins\.eval/],
  "Python 2's eval": [pickle(calls('__builtin__', 'eval')), /__builtin__\.eval/],
  'a global from the stack': [
    pickle(text('nt'), text('system'), op.stackGlobal, text('calc'), op.tuple1, op.reduce),
    /nt\.system/
  ],
  'subprocess.Popen as a new object': [
    pickle(globalName('subprocess', 'Popen'), tupleOf(text('sh')), op.newObject),
    /subprocess\.Popen/
  ],
  'a getter that could climb to one': [pickle(calls('operator', 'attrgetter', 'system')), /operator\.attrgetter/],
  'the rebuild of an arbitrary type': [
    pickle(calls('torch._tensor', '_rebuild_from_type_v2')),
    /torch\._tensor\._rebuild_from_type_v2/
  ],
  'a whole module': [
    pickle(globalName('torch.nn.modules.linear', 'Linear'), op.emptyTuple, op.newObject, op.emptyDict, op.build),
    /torch\.nn\.modules\.linear\.Linear/
  ],
  'a result that is called': [pickle(op.emptyDict, op.emptyTuple, op.reduce), /no global/],
  'an instance by the old opcode': [pickle(op.mark, Buffer.from('ios\nsystem\n')), /operation 0x69/],
  'an extension code': [pickle(Buffer.of(0x82, 1)), /operation 0x82/],
  'a pickle of protocol 0': [Buffer.from('(lp0\n.'), /operation 0x6c|operation 0x70/],
  'a protocol to come': [Buffer.concat([Buffer.of(0x80, 9), op.none, op.stop]), /protocol 9/],
  'a text of four gigabytes': [pickle(Buffer.from('X'), uint32(0xffffffff)), /cut off/],
  'a text of 2⁶³ bytes': [pickle(Buffer.of(0x8d), Buffer.alloc(8, 0x7f)), /cut off/],
  'an integer of a million digits': [pickle(Buffer.of(0x8b), uint32(1_000_000), Buffer.alloc(1_000_000, 1)), /integer/],
  'lists in lists in lists': [pickle(Buffer.alloc(200_000, ']')), /too deeply/],
  'marks on marks on marks': [pickle(Buffer.alloc(5_000, '(')), /too deeply/],
  'a stack that is taken from when empty': [pickle(op.append), /more from its stack/],
  'items taken from below a mark': [pickle(op.emptyList, op.mark, op.append), /more from its stack/],
  'a memo that was never stored': [pickle(Buffer.from('j'), uint32(7)), /recalls 7/],
  'a key without a value': [pickle(op.emptyDict, op.mark, text('a'), op.setItems), /key without a value/]
}

for (const [what, [pickled, reason]] of Object.entries(HOSTILE)) {
  test(`a weight file with ${what} is refused by name`, () => refusesImport(torchFile(pickled), reason))
}

test('a memo index of four billion costs nothing', async () => {
  const pickled = pickle(text('x'), Buffer.from('r'), uint32(0xffffffff), op.tuple1)
  const before = process.memoryUsage().rss
  await read(torchFile(pickled), (value) => assert.equal(typeof value, 'object'))
  assert.ok(process.memoryUsage().rss - before < 100e6)
})

test('a tuple that holds itself twice, sixty times over, is refused as weights without being unfolded', async () => {
  const doubling = Array.from({ length: 60 }, () => Buffer.concat([Buffer.from('2'), op.tuple2]))
  const path = join(folder, 'laughs.pth')
  await writeFile(path, torchFile(pickle(text('ha'), ...doubling)))
  await assert.rejects(importWeights(path, {}), (error) => isAppError(error, 'checkpoint_invalid'))
})

test('every cut of a weight file in the older format is refused', async () => {
  const whole = await readFile(resolve(import.meta.dirname, '../../conformance/golden/weights/kinds-legacy.pth'))
  for (let length = 0; length < whole.length; length++) {
    await refuses(whole.subarray(0, length), /ends|cut off|no weight file|more from its stack/)
  }
})

test('every cut of a weight file is refused', async () => {
  const pickled = pickle(dictOf(['w', tensor({ elements: 2, shape: [2], stride: [1] })]))
  const whole = torchFile(pickled, { 0: floats(1, 2) })
  for (let length = 0; length < whole.length; length++) {
    await refuses(whole.subarray(0, length), /ends|cut off|missing|no weight file/)
  }
  for (let length = 2; length < pickled.length; length++) {
    await refuses(torchFile(pickled.subarray(0, length), { 0: floats(1, 2) }), /cut off|more from its stack/)
  }
})

const TENSORS: Record<string, [of: Parameters<typeof tensor>[0], reason: RegExp]> = {
  'that repeats one number into terabytes': [
    { elements: 2, shape: [1 << 30, 1 << 10], stride: [0, 0] },
    /storage of 2/
  ],
  'that reaches past its storage': [{ elements: 2, offset: 1, shape: [2], stride: [1] }, /storage of 2/],
  'with a stride that leads away': [{ elements: 2, shape: [2], stride: [9] }, /storage of 2/],
  'that runs backwards': [{ elements: 2, shape: [2], stride: [-1] }, /impossible shape/],
  'before its storage': [{ elements: 2, offset: -1, shape: [2], stride: [1] }, /impossible shape/],
  'of more numbers than the file has': [{ elements: 1 << 30, shape: [2], stride: [1] }, /Storage 0 has 8 bytes/],
  'of a storage that is not there': [{ key: '../../etc/passwd', elements: 2, shape: [2], stride: [1] }, /no storage/]
}

for (const [what, [of, reason]] of Object.entries(TENSORS)) {
  test(`a tensor ${what} is refused`, () => refuses(torchFile(pickle(tensor(of)), { 0: floats(1, 2) }), reason))
}

test('a storage of an unknown kind is refused by name', async () => {
  const id = tupleOf(text('storage'), globalName('torch', 'QInt8Storage'), text('0'), text('cpu'), integer(1))
  await refusesImport(torchFile(pickle(id, op.persistentId)), /torch\.QInt8Storage/)
})

const plain = { name: 'archive/data.pkl', data: pickle(op.none) }
const ARCHIVES: Record<string, [archive: Buffer, reason: RegExp]> = {
  'a compressed entry': [zipOf([{ ...plain, says: { method: 8 } }]), /compressed/],
  'an encrypted entry': [zipOf([{ ...plain, says: { flags: 1 } }]), /encrypted/],
  'an entry that climbs': [zipOf([plain, { name: '../../evil', data: Buffer.alloc(1) }]), /leaves the archive/],
  'an absolute entry': [zipOf([plain, { name: '/etc/passwd', data: Buffer.alloc(1) }]), /leaves the archive/],
  'an entry of a gigabyte that is not there': [zipOf([{ ...plain, says: { bytes: 1e9 } }]), /after the file/],
  'an entry that begins elsewhere': [zipOf([{ ...plain, says: { offset: 3 } }]), /damaged|after the file/],
  'two entries of one name': [zipOf([plain, plain]), /there twice/],
  'sizes that differ': [zipOf([{ ...plain, says: { packedBytes: 1 } }]), /not stored as it is/],
  'a directory that begins far behind the file': [zipOf([plain], { directoryOffset: 2n ** 63n }), /ends before byte/],
  'a directory of the last 2⁶⁴ bytes': [zipOf([plain], { directoryOffset: 2n ** 64n - 1n }), /ends before byte/],
  'more entries than are there': [zipOf([plain], { entries: 2n ** 16n }), /damaged or cut off/],
  'four billion entries': [zipOf([plain], { entries: 2n ** 32n }), /more than 100000 entries/],
  'a word about its byte order of a gigabyte': [
    zipOf([plain, { name: 'archive/byteorder', data: Buffer.from('little'.repeat(100)) }]),
    /big-endian/
  ],
  'no pickle': [zipOf([{ name: 'archive/readme.txt', data: Buffer.from('PK') }]), /holds no weights/],
  'numbers of a big-endian machine': [
    zipOf([plain, { name: 'archive/byteorder', data: Buffer.from('big') }]),
    /big-endian/
  ]
}

for (const [what, [archive, reason]] of Object.entries(ARCHIVES)) {
  test(`an archive with ${what} is refused`, () => refuses(archive, reason))
}

test('storages beyond four gigabytes are found, in a file that is mostly a hole', async () => {
  const pickled = pickle(dictOf(['w', tensor({ elements: 2, shape: [2], stride: [1] })]))
  const local = zipOf([{ name: 'archive/data/0', data: floats(1, 2) }])
  const far = 5n * 2n ** 30n
  const { file, directory } = zipParts([
    { name: 'archive/data.pkl', data: pickled },
    { name: 'archive/data/0', data: floats(1, 2), says: { wideOffset: far } }
  ])
  const path = join(folder, 'hole.pth')
  const out = await open(path, 'w')
  await out.write(file, 0, file.length, 0)
  await out.write(local, 0, 30 + 'archive/data/0'.length + 8, Number(far))
  const end = Number(far) + 1_000
  await out.write(directory, 0, directory.length, end)
  const tail = endOf({ entries: 2n, bytes: BigInt(directory.length), offset: BigInt(end) })
  await out.write(tail, 0, tail.length, end + directory.length)
  await out.close()
  const opened = await open(path)
  const value = await readTorchFile(opened)
  assert.deepEqual(await numbersOf(value, 'w'), { shape: [2], values: [1, 2] })
  await opened.close()
  await rm(path)
})

test('what is no weight file at all is refused', async () => {
  await refuses(Buffer.from('#!/bin/sh\necho hello world\n'), /no weight file/)
  await refuses(Buffer.alloc(0), /no weight file/)
})
