/**
 * What a request costs, and whether there is room for it: images when it comes, pixels when all of its pieces have read
 * their headers, wherever those pieces are. Nothing is decoded before.
 */
import { createBudget } from '../base/budget.ts'
import { AppError } from '../base/errors.ts'
import type { Caller } from '../domain/ports.ts'
import type { InferenceSettings } from '../protocol/inference-messages.ts'

/** The costs of one request. */
export interface RequestCosts {
  /**
   * Tells the pixels of images from `begin` on, again when a piece is asked again. Resolves when the whole request is
   * admitted.
   *
   * @throws AppError images_too_large with the `index` at which it became too much, too_much_at_once, overloaded,
   *   project_rate_limited, quota_exceeded
   */
  admit(begin: number, pixels: readonly number[]): Promise<void>
  release(): void
}

/** Of requests that were taken and are not yet answered. */
export interface Load {
  readonly images: number
  /** Of images whose headers were read. */
  readonly pixels: number
}

/** Whose part it is of what is under way, and who pays for it. */
export type Payer = Pick<Caller, 'key' | 'spend'>

export interface Admission {
  /** @throws AppError too_much_at_once, overloaded */
  open(caller: Payer, images: number): RequestCosts
  load(): Load
}

export function createAdmission(settings: InferenceSettings): Admission {
  const images = createBudget(settings.maxQueueSize)
  const pixels = createBudget(settings.maxQueuePixels)
  return {
    load: () => ({ images: images.used(), pixels: pixels.used() }),
    open({ key, spend }, count) {
      const held = [images.take(key, count)]
      const judge = async (all: readonly number[]) => {
        checkPixels(all, settings.maxRequestPixels)
        const sum = all.reduce((some, one) => some + one, 0)
        held.push(pixels.take(key, sum))
        await spend(sum)
      }
      return { admit: createScale(count, judge), release: () => held.forEach((release) => void release()) }
    }
  }
}

function checkPixels(pixels: readonly number[], limit: number): void {
  let sum = 0
  for (const [index, one] of pixels.entries()) {
    sum += one
    if (sum <= limit) continue
    const message = `The images up to this one have ${sum} pixels together; at most ${limit} are taken in a request.`
    throw new AppError('images_too_large', { message, index, limit })
  }
}

function createScale(images: number, judge: (pixels: readonly number[]) => Promise<void>): RequestCosts['admit'] {
  const weights = new Map<number, number>()
  const judged = Promise.withResolvers<void>()
  let isJudged = false
  return (begin, pixels) => {
    pixels.forEach((one, i) => void weights.set(begin + i, one))
    if (weights.size === images && !isJudged) {
      isJudged = true
      judge(Array.from({ length: images }, (_, index) => weights.get(index) ?? 0)).then(judged.resolve, judged.reject)
    }
    return judged.promise
  }
}
