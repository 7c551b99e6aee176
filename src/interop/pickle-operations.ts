/** The operations of a pickle that weight files need (Lib/pickletools.py), by opcode. */
import type { PickleReader } from './pickle-reader.ts'
import { PickleNamespace, PickleObject, PickleTuple, type PickleValue } from './pickle-values.ts'
import { unreadable } from './tensor-source.ts'

const HIGHEST_PROTOCOL = 5

/** What an operation may touch. */
export interface PickleMachine {
  readonly reader: PickleReader
  push(value: PickleValue): void
  pushText(text: string): void
  pushGlobal(name: string): void
  /** Counts values that come into being, or into another container, without being pushed. */
  spend(values: number): void
  pop(): PickleValue
  top(): PickleValue
  mark(): void
  /** Everything above the last mark. */
  popMark(): PickleValue[]
  /** Without an index: under the next one. */
  remember(index?: number): void
  recall(index: number): PickleValue
  call(callable: PickleValue, args: PickleValue): PickleValue
  persistent(id: PickleValue): PickleValue
}

type Operation = (machine: PickleMachine) => void

const pushing =
  (read: (reader: PickleReader) => PickleValue): Operation =>
  (machine) =>
    machine.push(read(machine.reader))

const pushingText =
  (read: (reader: PickleReader) => string): Operation =>
  (machine) =>
    machine.pushText(read(machine.reader))

const tupleOf =
  (count: number): Operation =>
  (machine) => {
    const items = Array.from({ length: count }, () => machine.pop()).reverse()
    machine.push(new PickleTuple(items))
  }

function appendTo(machine: PickleMachine, items: readonly PickleValue[]): void {
  const list = machine.top()
  if (list instanceof PickleObject) return
  if (!Array.isArray(list)) throw unreadable('The pickle appends to something that is no list.')
  for (const item of items) list.push(item)
}

function setItems(machine: PickleMachine, items: readonly PickleValue[]): void {
  const dict = machine.top()
  if (dict instanceof PickleObject) return
  if (!(dict instanceof Map)) throw unreadable('The pickle sets an item of something that is no dict.')
  setPairs(dict, items)
}

function setPairs(dict: Map<PickleValue, PickleValue>, items: readonly PickleValue[]): Map<PickleValue, PickleValue> {
  if (items.length % 2 !== 0) throw unreadable('The pickle has a key without a value.')
  for (let i = 0; i < items.length; i += 2) dict.set(items[i]!, items[i + 1]!)
  return dict
}

/** Attributes of a namespace. An OrderedDict has some too (`_metadata` of a state dict), which say nothing of the weights. */
function build(machine: PickleMachine): void {
  const state = machine.pop()
  const object = machine.top()
  if (object instanceof PickleObject) return
  if (!(state instanceof Map)) throw unreadable('The pickle restores an object from something that is no dict.')
  if (!(object instanceof PickleNamespace || object instanceof Map)) {
    throw unreadable('The pickle restores something that is no object.')
  }
  if (object instanceof Map) return
  machine.spend(state.size)
  for (const [key, value] of state) object.attributes.set(key, value)
}

function stackGlobal(machine: PickleMachine): void {
  const name = machine.pop()
  const module = machine.pop()
  if (typeof name !== 'string' || typeof module !== 'string')
    throw unreadable('The pickle has a global without a name.')
  machine.pushGlobal(`${module}.${name}`)
}

function reduce(machine: PickleMachine): void {
  const args = machine.pop()
  machine.push(machine.call(machine.pop(), args))
}

/** `cls.__new__(cls, *args, **kwargs)`: no class that the host knows has the last. */
function newObjectEx(machine: PickleMachine): void {
  machine.pop()
  reduce(machine)
}

function protocol({ reader }: PickleMachine): void {
  const version = reader.byte()
  if (version < 2 || version > HIGHEST_PROTOCOL) throw unreadable(`Pickle protocol ${version} is not read.`)
}

/** By opcode; STOP is the machine's own. */
export const OPERATIONS: ReadonlyMap<number, Operation> = new Map<number, Operation>([
  [0x80, protocol],
  [0x95, ({ reader }) => void reader.take(8)], // FRAME: its length is a hint for buffers
  [0x28, (m) => m.mark()],
  [0x30, (m) => void m.pop()],
  [0x31, (m) => void m.popMark()],
  [0x32, (m) => m.push(m.top())],

  [0x4e, pushing(() => null)],
  [0x88, pushing(() => true)],
  [0x89, pushing(() => false)],
  [0x4a, pushing((r) => r.int32())],
  [0x4b, pushing((r) => r.byte())],
  [0x4d, pushing((r) => r.uint16())],
  [0x8a, pushing((r) => r.integer(r.byte()))],
  [0x8b, pushing((r) => r.integer(r.uint32()))],
  [0x47, pushing((r) => r.float64())],
  [0x58, pushingText((r) => r.text(r.uint32()))],
  [0x8c, pushingText((r) => r.text(r.byte()))],
  [0x8d, pushingText((r) => r.text(r.length64()))],
  [0x55, pushingText((r) => r.text(r.byte()))],
  [0x54, pushingText((r) => r.text(r.uint32()))],
  [0x43, pushing((r) => r.take(r.byte()))],
  [0x42, pushing((r) => r.take(r.uint32()))],
  [0x8e, pushing((r) => r.take(r.length64()))],
  [0x96, pushing((r) => r.take(r.length64()))],

  [0x7d, pushing(() => new Map())],
  [0x5d, pushing(() => [])],
  [0x29, pushing(() => new PickleTuple([]))],
  [0x8f, pushing(() => new Set())],
  [0x85, tupleOf(1)],
  [0x86, tupleOf(2)],
  [0x87, tupleOf(3)],
  [0x74, (m) => m.push(new PickleTuple(m.popMark()))],
  [0x6c, (m) => m.push(m.popMark())],
  [0x64, (m) => m.push(setPairs(new Map(), m.popMark()))],
  [0x61, (m) => appendOne(m)],
  [0x65, (m) => appendMany(m)],
  [0x73, (m) => setOne(m)],
  [0x75, (m) => setMany(m)],
  [0x90, (m) => addItems(m)],
  [0x91, (m) => m.push(new Set(m.popMark()))],

  [0x68, (m) => m.push(m.recall(m.reader.byte()))],
  [0x6a, (m) => m.push(m.recall(m.reader.uint32()))],
  [0x71, (m) => m.remember(m.reader.byte())],
  [0x72, (m) => m.remember(m.reader.uint32())],
  [0x94, (m) => m.remember()],

  [0x63, (m) => m.pushGlobal(`${m.reader.line()}.${m.reader.line()}`)],
  [0x93, stackGlobal],
  [0x52, reduce],
  [0x81, reduce], // NEWOBJ: cls.__new__(cls, *args), for the classes that the host knows the same
  [0x92, newObjectEx],
  [0x62, build],
  [0x51, (m) => m.push(m.persistent(m.pop()))]
])

function appendOne(m: PickleMachine): void {
  const item = m.pop()
  appendTo(m, [item])
}

const appendMany = (m: PickleMachine): void => appendTo(m, m.popMark())

function setOne(m: PickleMachine): void {
  const value = m.pop()
  const key = m.pop()
  setItems(m, [key, value])
}

const setMany = (m: PickleMachine): void => setItems(m, m.popMark())

function addItems(m: PickleMachine): void {
  const items = m.popMark()
  const set = m.top()
  if (set instanceof PickleObject) return
  if (!(set instanceof Set)) throw unreadable('The pickle adds to something that is no set.')
  for (const item of items) set.add(item)
}
