/**
 * XLA compiles a program for one size of a batch. There is a ladder of sizes, each twice the one below: a batch takes the smallest that
 * holds it, and its empty places are computed for nothing, at most half of a run. A size is compiled when a batch wants it first, while
 * that batch is computed by smaller ones that are there. A size that cannot be had goes, with all above it.
 */
import { invariant } from '../base/errors.ts'

/** 1, 2, 4 … up to `most`. */
export const sizesUpTo = (most: number): number[] =>
  Array.from({ length: Math.floor(Math.log2(Math.max(1, most))) + 1 }, (_, i) => 2 ** i)

export class BatchLadder {
  readonly #there = new Set<number>()
  #sizes: readonly number[]

  /** @param sizes growing, from 1 */
  constructor(sizes: readonly number[]) {
    invariant(sizes[0] === 1, 'a ladder begins with one image')
    this.#sizes = sizes
  }

  get top(): number {
    return this.#sizes.at(-1)!
  }

  /** The size that suits so many images, compiled or not. */
  wanted(images: number): number {
    return this.#sizes.find((size) => size >= images) ?? this.top
  }

  /** The size to compute with now: the smallest that is there and holds the images, else the largest that is there. */
  next(images: number): number {
    const there = this.#sizes.filter((size) => this.#there.has(size))
    const size = there.find((one) => one >= images) ?? there.at(-1)
    invariant(size !== undefined, 'a program of one image is there before anything is computed')
    return size
  }

  has(size: number): boolean {
    return this.#there.has(size)
  }

  add(size: number): void {
    if (this.#sizes.includes(size)) this.#there.add(size)
  }

  /** One image is always left: whether even that cannot be had is for whoever asks. */
  giveUp(size: number): void {
    this.#sizes = this.#sizes.filter((one) => one < size || one === 1)
    for (const one of this.#there) if (!this.#sizes.includes(one)) this.#there.delete(one)
  }
}
