/** Which images the prototypes of a model win, in words that lab and platform share. */

export interface Exemplar {
  /** Place of the image in its dataset. */
  readonly index: number
  /** Of the prototype, given the image. */
  readonly probability: number
  readonly cosine: number
}

export interface LabelCount {
  /** The name of a class, or its number where there are no names. */
  readonly label: string
  readonly images: number
}

export interface PrototypeImages {
  readonly prototype: number
  /** Images whose likeliest prototype it is. */
  readonly usage: number
  /** Of those, the likeliest first. */
  readonly exemplars: readonly Exemplar[]
  /** Of those, the most frequent first; empty where images have no labels. */
  readonly labels: readonly LabelCount[]
}

export interface PrototypesSeen {
  /** By which images were given to prototypes. */
  readonly posterior: string
  readonly images: number
  /** Of the model, won by whom or not. */
  readonly prototypes: number
  /** Those that win an image, the most used first. */
  readonly used: readonly PrototypeImages[]
}

/** In all: a model of 65,536 used prototypes shows three images of each, and what is kept of it stays at some megabytes. */
const MOST_EXEMPLARS = 200_000
const MOST_OF_ONE = 12
const FEWEST_OF_ONE = 3
const MOST_LABELS = 12

const isBefore = (one: Exemplar, other: Exemplar): boolean =>
  // Sharp teachers give many images a probability of 1 to the last digit: among them the nearest come first.
  one.probability > other.probability || (one.probability === other.probability && one.cosine > other.cosine)

export interface ExemplarCounts {
  /** Of the next image, in the order of its dataset. */
  add(winner: Omit<Exemplar, 'index'> & { readonly prototype: number }): void
  /** @param labels of all images in that order; null where one has none */
  seen(posterior: string, labels: readonly (string | number | null)[]): PrototypesSeen
}

export function countExemplars(prototypes: number): ExemplarCounts {
  const most = Math.max(FEWEST_OF_ONE, Math.min(MOST_OF_ONE, Math.floor(MOST_EXEMPLARS / prototypes)))
  const exemplars = new Map<number, Exemplar[]>()
  const winners: number[] = []

  function add({ prototype, probability, cosine }: Parameters<ExemplarCounts['add']>[0]): void {
    const one = { index: winners.length, probability, cosine }
    winners.push(prototype)
    const best = exemplars.get(prototype) ?? []
    exemplars.set(prototype, best)
    let at = best.length
    while (at > 0 && isBefore(one, best[at - 1]!)) at--
    best.splice(at, 0, one)
    if (best.length > most) best.pop()
  }

  return {
    add,
    seen(posterior, labels) {
      const counts = new Map<number, Map<string, number>>()
      const usage = new Map<number, number>()
      for (const [image, prototype] of winners.entries()) {
        usage.set(prototype, (usage.get(prototype) ?? 0) + 1)
        const label = labels[image] ?? null
        if (label === null) continue
        const of = counts.get(prototype) ?? new Map<string, number>()
        counts.set(prototype, of)
        of.set(String(label), (of.get(String(label)) ?? 0) + 1)
      }
      const used = [...usage].map(([prototype, images]) => ({
        prototype,
        usage: images,
        exemplars: exemplars.get(prototype) ?? [],
        labels: mostFrequent(counts.get(prototype))
      }))
      used.sort((a, b) => b.usage - a.usage || a.prototype - b.prototype)
      return { posterior, images: winners.length, prototypes, used }
    }
  }
}

const mostFrequent = (counts: ReadonlyMap<string, number> = new Map()): LabelCount[] =>
  [...counts]
    .map(([label, images]) => ({ label, images }))
    .sort((a, b) => b.images - a.images || (a.label < b.label ? -1 : 1))
    .slice(0, MOST_LABELS)
