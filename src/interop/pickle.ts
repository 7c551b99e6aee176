/**
 * Python's pickle, restricted: a stack machine that makes plain data. It has no way to call anything. A global is only
 * ever given to the host, which knows the handful of names that weight files need and puts an inert object in the place
 * of every other, so a file cannot run code; and neither can it have more made than its budget allows.
 *
 * Opcodes are those of protocols 2 to 5; protocols 0 and 1 wrote numbers as text and are refused.
 */
import { createPickleBudget, over, PICKLE_LIMITS, type PickleBudget } from './pickle-budget.ts'
import { OPERATIONS, type PickleMachine } from './pickle-operations.ts'
import { PickleReader } from './pickle-reader.ts'
import { PickleGlobal, PickleObject, PickleTuple, type PickleValue } from './pickle-values.ts'
import { unreadable } from './tensor-source.ts'

export interface PickleHost {
  /** `callable(*args)`, as data: for every global but the few it knows, an object that has its name. */
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
const TOO_DEEP = 'The pickle is nested too deeply.'

/**
 * @param budget of all pickles of a file together
 * @throws AppError checkpoint_invalid: cut off, not a pickle, something that no weight file needs, or too much of it
 */
export const unpickle = (bytes: Uint8Array, host: PickleHost, budget = createPickleBudget()): Unpickled =>
  new Machine(new PickleReader(bytes), host, budget).run()

class Machine implements PickleMachine {
  readonly reader: PickleReader
  readonly #host: PickleHost
  readonly #budget: PickleBudget
  readonly #stack: PickleValue[] = []
  /** Heights of the stack at which marks were set. */
  readonly #marks: number[] = []
  readonly #memo = new Map<number, PickleValue>()

  constructor(reader: PickleReader, host: PickleHost, budget: PickleBudget) {
    this.reader = reader
    this.#host = host
    this.#budget = budget
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
    }
  }

  push(value: PickleValue): void {
    this.#budget.spendValues(1)
    if (this.#stack.push(value) > PICKLE_LIMITS.stack) throw unreadable(TOO_DEEP)
  }

  pushText(text: string): void {
    this.#budget.spendText(text)
    this.push(text)
  }

  pushGlobal(name: string): void {
    if (name.length > PICKLE_LIMITS.globalName)
      throw unreadable(`The pickle has a global of ${name.length} characters.`)
    this.#budget.spendText(name)
    this.push(new PickleGlobal(name))
  }

  spend(values: number): void {
    this.#budget.spendValues(values)
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
    if (this.#marks.push(this.#stack.length) > PICKLE_LIMITS.marks) throw unreadable(TOO_DEEP)
  }

  popMark(): PickleValue[] {
    const height = this.#marks.pop()
    if (height === undefined) throw unreadable('The pickle looks for a mark that is not there.')
    return this.#stack.splice(height)
  }

  remember(index = this.#memo.size): void {
    this.#memo.set(index, this.top())
    if (this.#memo.size > PICKLE_LIMITS.memo) throw over(PICKLE_LIMITS.memo, 'remembered values')
  }

  recall(index: number): PickleValue {
    const value = this.#memo.get(index)
    if (value === undefined) throw unreadable(`The pickle recalls ${index}, which it never stored.`)
    return value
  }

  call(callable: PickleValue, args: PickleValue): PickleValue {
    if (callable instanceof PickleObject) return callable
    if (!(callable instanceof PickleGlobal)) throw unreadable('The pickle calls something that is no global.')
    if (!(args instanceof PickleTuple)) throw unreadable(`The pickle calls ${callable.name} without a tuple.`)
    const made = this.#host.call(callable.name, args.items)
    // A dict of pairs that were put on the stack once, and can be made again and again.
    if (made instanceof Map) this.spend(made.size)
    return made
  }

  persistent(id: PickleValue): PickleValue {
    return this.#host.persistent(id)
  }
}
