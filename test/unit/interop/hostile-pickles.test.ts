/**
 * Pickles that are small or middling and ask for much: each is refused, or read for what it is, in a process that would die of
 * a tenth of what it asks for.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { dictOf, globalName, integer, op, pickle, text, torchFile, uint32 } from './pickles.ts'

const CHILD = resolve(import.meta.dirname, 'small-memory-child.ts')
const HEAP_MB = 400
/** Half more than is allowed; the two floods that were seen to kill an import have their full size. */
const MILLIONS = 1_500_000
const UNPICKLED = 'checkpoint_invalid'

const get = (index: number) => Buffer.concat([Buffer.from('j'), uint32(index)])
const put = (index: number) => Buffer.concat([Buffer.from('r'), uint32(index)])
const times = (count: number, ...parts: Buffer[]) => {
  const part = Buffer.concat(parts)
  return Buffer.alloc(count * part.length, part)
}
const memoize = Buffer.from([0x94])
const dup = Buffer.from('2')
const pop = Buffer.from('0')
const appends = Buffer.from('e')
const newObject = op.newObject
const ordered = globalName('collections', 'OrderedDict')
const namespace = globalName('argparse', 'Namespace')

/** 100 lists of 90,000 names for one value: eight bytes for each of the file. */
const dupLists = times(100, op.emptyList, op.mark, op.none, times(90_000, dup), appends, pop)
const pairs = Buffer.concat([
  op.emptyList,
  put(0),
  op.mark,
  ...Array.from({ length: 30_000 }, (_, i) => Buffer.concat([integer(i), op.none, op.tuple2])),
  appends
])
const bigDict = Buffer.concat([
  op.emptyDict,
  put(0),
  op.mark,
  ...Array.from({ length: 30_000 }, (_, i) => Buffer.concat([integer(i), op.none])),
  op.setItems
])
const longName = text('n'.repeat(4_000_000))

/** What a file asks for, and what is said of it. Where it says nothing of the budget, what is read is no state dict. */
const FLOODS: Record<string, [pickled: () => Buffer, reason: RegExp]> = {
  'nested dicts, 57 MB of them': [() => pickle(times(57_000_000, op.emptyDict)), /nested too deeply/],
  'dicts in dicts by their items': [
    () => pickle(op.emptyDict, times(900_000, text('a'), op.emptyDict), times(900_000, op.setItem)),
    /nested too deeply/
  ],
  'dicts that are thrown away': [() => pickle(times(MILLIONS, op.emptyDict, pop)), /more than 1000000 values/],
  'dicts in one list': [
    () => pickle(op.emptyList, times(MILLIONS, op.emptyDict, op.append)),
    /more than 1000000 values/
  ],
  'lists in lists': [() => pickle(op.emptyList, times(MILLIONS, op.tuple1)), /more than 1000000 values/],
  'lists in lists by append': [
    () => pickle(times(90_000, op.emptyList), times(89_999, op.append)),
    /holds a list, no state dict/
  ],
  'tuples in tuples': [() => pickle(op.emptyTuple, times(900_000, op.tuple1)), /holds a tuple, no state dict/],
  'tuples that double': [() => pickle(text('ha'), times(MILLIONS, dup, op.tuple2)), /more than 1000000 values/],
  'empty sets': [() => pickle(times(MILLIONS, Buffer.of(0x8f), pop)), /more than 1000000 values/],
  'frozen sets of nothing': [() => pickle(times(MILLIONS, op.mark, Buffer.of(0x91), pop)), /more than 1000000 values/],
  'numbers in one list': [() => pickle(op.emptyList, times(MILLIONS, Buffer.of(0x4b, 7), op.append)), /more than/],
  'floats in a list': [
    () => pickle(op.emptyList, times(3_000_000, Buffer.of(0x47, 1, 2, 3, 4, 5, 6, 7, 8), op.append)),
    /more than/
  ],
  'integers of 128 bits': [
    () => pickle(op.emptyList, times(2_000_000, Buffer.of(0x8a, 16), Buffer.alloc(16, 0x5a), op.append)),
    /more than/
  ],
  'an integer of 255 bytes': [() => pickle(Buffer.of(0x8a, 255), Buffer.alloc(255, 1)), /integer of 255 bytes/],
  'an integer of 6 MB': [() => pickle(Buffer.of(0x8b), uint32(6e6), Buffer.alloc(6e6, 1)), /integer of 6000000/],
  'an integer of 2³² bytes': [() => pickle(Buffer.of(0x8b), uint32(0xffffffff)), /integer of 4294967295/],
  'memoize, 30 MB of it': [() => pickle(op.none, times(30_000_000, memoize)), /more than 1000000 remembered/],
  'puts at ever new places': [
    () => pickle(op.none, Buffer.concat(Array.from({ length: 1_000_002 }, (_, i) => put(i * 4_001)))),
    /more than 1000000 remembered/
  ],
  'puts at one place': [() => pickle(op.none, times(MILLIONS, Buffer.of(0x71, 0))), /holds None, no state dict/],
  'duplicates on the stack': [() => pickle(op.none, times(MILLIONS, dup)), /nested too deeply/],
  'duplicates in lists': [() => pickle(dupLists), /more than 1000000 values/],
  'recalls in lists': [
    () => pickle(op.none, put(0), op.emptyList, times(MILLIONS, Buffer.of(0x68, 0), op.append)),
    /more than 1000000 values/
  ],
  'marks on marks': [() => pickle(times(MILLIONS, op.mark)), /nested too deeply/],
  'marks that are taken back': [
    () => pickle(op.none, times(MILLIONS, op.mark, Buffer.from('1'))),
    /holds None, no state dict/
  ],
  'one long text': [() => pickle(text('x'.repeat(20_000_000))), /more than 16777216 characters/],
  'many texts': [() => pickle(times(400_000, text('κ'.repeat(50)), pop)), /more than 16777216 characters/],
  'texts beyond the end': [() => pickle(times(1_000, text('a')), Buffer.from('X'), uint32(4e9)), /cut off/],
  'bytes beyond the end': [() => pickle(Buffer.of(0x8e), Buffer.alloc(8, 0x7f)), /cut off/],
  'a bytearray beyond the end': [() => pickle(Buffer.of(0x96), Buffer.of(255, 255, 255, 255, 0, 0, 0, 0)), /cut off/],
  'globals with long names': [() => pickle(globalName('a'.repeat(1_000), 'b')), /a global of 1002 characters/],
  'globals, a flood of them': [() => pickle(times(MILLIONS, globalName('os', 'sys'), pop)), /more than 1000000 values/],
  'globals joined from one long text': [
    () => pickle(longName, put(0), times(1_000_000, get(0), get(0), op.stackGlobal, pop)),
    /a global of 8000001 characters/
  ],
  'objects of their own': [
    () => pickle(globalName('my', 'Class'), put(0), times(MILLIONS, get(0), op.emptyTuple, newObject, pop)),
    /more than 1000000 values/
  ],
  'one list made a dict over and over': [
    () => pickle(pairs, op.tuple1, put(1), pop, ordered, put(2), times(200_000, get(2), get(1), op.reduce)),
    /more than 1000000 values/
  ],
  'one dict built into many namespaces': [
    () => pickle(bigDict, namespace, put(1), times(200_000, get(1), op.emptyTuple, newObject, get(0), op.build)),
    /more than 1000000 values/
  ],
  'a list that holds itself': [() => pickle(op.emptyList, put(0), get(0), op.append), /holds a list, no state dict/],
  'a dict that holds itself under itself': [
    () => pickle(op.emptyDict, put(0), get(0), get(0), op.setItem),
    /holds a dict, no state dict/
  ],
  'a dict that is its own state dict': [
    () => pickle(op.emptyDict, put(0), text('state_dict'), get(0), op.setItem),
    /state_dict holds state_dict \(a dict\)/
  ],
  'a namespace built from a dict that holds it': [
    () => pickle(namespace, op.emptyTuple, newObject, put(0), dictOf(['state_dict', get(0)]), op.build),
    /state_dict holds state_dict \(a dict\)/
  ],
  'an object built from itself, over and over': [
    () => pickle(globalName('my', 'Class'), op.emptyTuple, newObject, put(0), times(400_000, get(0), op.build)),
    /holds my\.Class, no state dict/
  ],
  'a state dict of a million names': [
    () => pickle(op.emptyDict, times(333_000, text('name'), op.none, op.setItem)),
    /holds no weights/
  ],
  'names of a million characters': [
    () => pickle(dictOf(['n'.repeat(8_000_000), op.none], ['m'.repeat(8_000_000), op.none])),
    /^.{1,500}$/s
  ]
}

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kappa-hostile-'))
})
after(() => rm(folder, { recursive: true }))

test('what asks for more than a weight file needs is refused in little memory, and once and for all', async () => {
  const paths: string[] = []
  for (const [name, [make]] of Object.entries(FLOODS)) {
    const path = join(folder, `${name}.pth`)
    await writeFile(path, torchFile(make()))
    paths.push(path)
  }
  const { stdout } = await promisify(execFile)(process.execPath, [`--max-old-space-size=${HEAP_MB}`, CHILD, ...paths], {
    maxBuffer: 1e7
  })
  const said = new Map(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf('\t')), line.split('\t')])
  )
  for (const [i, [name, [, reason]]] of Object.entries(FLOODS).entries()) {
    const [, code, message = ''] = said.get(paths[i]!) ?? []
    assert.equal(code, UNPICKLED, name)
    assert.match(message, reason, name)
  }
})
