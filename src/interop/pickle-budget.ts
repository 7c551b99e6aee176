/**
 * What one weight file may cost while its pickles are read. A byte of a pickle can ask for a dict of 200, or for one more
 * name of the same list, so the file's own length bounds nothing: what is made is counted, in every way of making it.
 */
import { unreadable } from './tensor-source.ts'

/** DINO's checkpoint of a ViT-L, optimizer and all, makes 32,180 values and 25,800 characters, and remembers 10,902. */
export const PICKLE_LIMITS = {
  /** Everything that is put on the stack or copied from one container to another: at worst 1,000,000 dicts, 235 MB. */
  values: 1_000_000,
  memo: 1_000_000,
  /** Of all texts together, names of globals included. */
  characters: 16 * 2 ** 20,
  /** On the stack at once. PyTorch's own writer has 1,000 items between two marks, and a few containers open. */
  stack: 100_000,
  marks: 1_000,
  /** Of a global: `module.name`. Joined from recalled texts, one could be as long as all texts together, every time. */
  globalName: 1_000
} as const

export interface PickleBudget {
  /** @throws AppError checkpoint_invalid when it is used up */
  spendValues(count: number): void
  spendText(text: string): void
}

export function createPickleBudget(): PickleBudget {
  let values = 0
  let characters = 0
  return {
    spendValues(count) {
      values += count
      if (values > PICKLE_LIMITS.values) throw over(PICKLE_LIMITS.values, 'values')
    },
    spendText({ length }) {
      characters += length
      if (characters > PICKLE_LIMITS.characters) throw over(PICKLE_LIMITS.characters, 'characters of text')
    }
  }
}

export const over = (limit: number, what: string) => unreadable(`The pickle has more than ${limit} ${what}.`)
