/** Work on several things at once whose results are wanted in order, with a bound on what all of them hold. */

export interface InOrderOptions<In> {
  /** Things under way at the same time. */
  readonly window: number
  readonly weigh: (item: In) => number
  /** No other is taken while those under way weigh more, so at most this and one of any weight are held. */
  readonly maxWeight: number
}

export async function* inOrder<In, Out>(
  items: AsyncIterable<In>,
  work: (item: In) => Promise<Out>,
  { window, weigh, maxWeight }: InOrderOptions<In>
): AsyncGenerator<Out> {
  const underWay: { readonly result: Promise<Out>; readonly weight: number }[] = []
  let weight = 0
  const finish = (): Promise<Out> => {
    const first = underWay.shift()!
    weight -= first.weight
    return first.result
  }
  for await (const item of items) {
    const result = work(item)
    result.catch(() => {}) // awaited in its turn; until then it must not count as unhandled
    underWay.push({ result, weight: weigh(item) })
    weight += weigh(item)
    while (underWay.length >= window || weight > maxWeight) yield await finish()
  }
  while (underWay.length > 0) yield await finish()
}

/** Lets work of `weight` in as long as all of it weighs no more than `most`; what is heavier alone is let in alone. */
export function createGate(most: number): <T>(weight: number, work: () => Promise<T>) => Promise<T> {
  const waiting: { readonly weight: number; readonly enter: () => void }[] = []
  let inside = 0
  const admit = (): void => {
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      if (inside > 0 && inside + next.weight > most) return
      waiting.shift()
      inside += next.weight
      next.enter()
    }
  }
  return async (weight, work) => {
    await new Promise<void>((enter) => {
      waiting.push({ weight, enter })
      admit()
    })
    try {
      return await work()
    } finally {
      inside -= weight
      admit()
    }
  }
}
