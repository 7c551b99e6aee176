/**
 * Python's pickle, restricted: a stack machine that makes plain data. It has no way to call anything. A global is only
 * ever given to the host, which knows the handful of names that weight files need and refuses every other by name, so a
 * file cannot run code, and neither can it make the reader allocate more than its own bytes account for.
 *
 * Opcodes are those of protocols 2 to 5; protocols 0 and 1 wrote numbers as text and are refused.
 */
import { OPERATIONS, type PickleMachine } from './pickle-operations.ts'
import { PickleReader } from './pickle-reader.ts'
import { PickleGlobal, PickleTuple, type PickleValue } from './pickle-values.ts'
import { unreadable } from './tensor-source.ts'

export interface PickleHost {
  /** `callable(*args)`. @throws for every global but the few it knows */
  call(name: string, args: readonly PickleValue[]): PickleValue
  /** What the file refers to outside of the pickle. */
  persistent(id: PickleValue): PickleValue
}

export interface Unpickled {
  readonly value: PickleValue
  /** Where the pickle ends: another may follow. */
  readonly end: number
}

const STOP = 0x2e
/** PyTorch's own writer has 1,000 items between two marks, and a few containers open at once. */
const DEEPEST_STACK = 100_000
const MOST_MARKS = 1_000

/** @throws AppError checkpoint_invalid: cut off, not a pickle, or something that no weight file needs */
export const unpickle = (bytes: Uint8Array, host: PickleHost): Unpickled =>
  new Machine(new PickleReader(bytes), host).run()

class Machine implements PickleMachine {
  readonly reader: PickleReader
  readonly #host: PickleHost
  readonly #stack: PickleValue[] = []
  /** Heights of the stack at which marks were set. */
  readonly #marks: number[] = []
  readonly #memo = new Map<number, PickleValue>()

  constructor(reader: PickleReader, host: PickleHost) {
    this.reader = reader
    this.#host = host
  }

  run(): Unpickled {
    for (;;) {
      const at = this.reader.position
      const code = this.reader.byte()
      if (code === STOP) return { value: this.pop(), end: this.reader.position }
      const operation = OPERATIONS.get(code)
      if (operation === undefined) {
        const shown = `0x${code.toString(16).padStart(2, '0')}`
        throw unreadable(`The pickle has the operation ${shown} at byte ${at}, which no weight file needs.`)
      }
      operation(this)
      if (this.#stack.length > DEEPEST_STACK) throw unreadable('The pickle is nested too deeply.')
    }
  }

  push(value: PickleValue): void {
    this.#stack.push(value)
  }

  pop(): PickleValue {
    const value = this.top()
    this.#stack.pop()
    return value
  }

  top(): PickleValue {
    const floor = this.#marks.at(-1) ?? 0
    const value = this.#stack.length > floor ? this.#stack.at(-1) : undefined
    if (value === undefined) throw unreadable('The pickle takes more from its stack than there is.')
    return value
  }

  mark(): void {
    if (this.#marks.push(this.#stack.length) > MOST_MARKS) throw unreadable('The pickle is nested too deeply.')
  }

  popMark(): PickleValue[] {
    const height = this.#marks.pop()
    if (height === undefined) throw unreadable('The pickle looks for a mark that is not there.')
    return this.#stack.splice(height)
  }

  remember(index = this.#memo.size): void {
    this.#memo.set(index, this.top())
  }

  recall(index: number): PickleValue {
    const value = this.#memo.get(index)
    if (value === undefined) throw unreadable(`The pickle recalls ${index}, which it never stored.`)
    return value
  }

  call(callable: PickleValue, args: PickleValue): PickleValue {
    if (!(callable instanceof PickleGlobal)) throw unreadable('The pickle calls something that is no global.')
    if (!(args instanceof PickleTuple)) throw unreadable(`The pickle calls ${callable.name} without a tuple.`)
    return this.#host.call(callable.name, args.items)
  }

  persistent(id: PickleValue): PickleValue {
    return this.#host.persistent(id)
  }
}
