/** Images that have labels, as features that protocols compare: a bank, and queries unless these are the same images. */
import type { LabelledFeatures, LabelledSets } from '../evaluation/evaluation.ts'
import {
  type EmbeddedBatch,
  type EmbeddedImage,
  type EmbedOptions,
  embedImages,
  type ImageOrigin,
  type Label
} from './embed-images.ts'

export interface ReadImages {
  /** [N, dim] */
  readonly features: Float32Array
  /** [N] */
  readonly labels: readonly Label[]
  /** [N] of the files, with the folders that they lie in. */
  readonly names: readonly string[]
  readonly isLabelled: boolean
}

/** What is read now, for those who show it. */
export interface ReadBatch {
  readonly origin: ImageOrigin
  readonly batch: EmbeddedBatch
}

export interface LabelledReading extends EmbedOptions {
  readonly dim: number
  /** Hears of the first image without a label at once, and may throw. */
  readonly onUnlabelled: (image: string, origin: ImageOrigin) => void
}

/** In the order of the source. */
export async function* readImages(reading: LabelledReading): AsyncGenerator<ReadBatch, ReadImages> {
  const { origin, dim, onUnlabelled } = reading
  const images: EmbeddedImage[] = []
  let isLabelled = true
  for await (const batch of embedImages(reading)) {
    yield { origin, batch }
    images.push(...batch.images)
    const without = isLabelled ? batch.images.find(({ label }) => label === null) : undefined
    if (without === undefined) continue
    isLabelled = false
    onUnlabelled(without.name, origin)
  }
  const features = new Float32Array(images.length * dim)
  for (const [i, { embedding: row }] of images.entries()) features.set(row, i * row.length)
  const [labels, names] = [images.map(({ label }) => label), images.map(({ name }) => name)]
  return { features, labels, names, isLabelled }
}

/** A copy of the bank would find itself as the bank does. */
function areSame(one: ReadImages, other: ReadImages): boolean {
  return (
    one.labels.length === other.labels.length &&
    one.labels.every((label, i) => label === other.labels[i]) &&
    one.features.every((value, i) => value === other.features[i])
  )
}

/**
 * Labels are compared as they are, never by their place in a list: the queries may lack a class of the bank. All images have
 * one.
 *
 * @param queries null, or the bank's images once more: each image is judged without itself
 */
export function labelledSets(dim: number, bank: ReadImages, queries: ReadImages | null): LabelledSets {
  const numbers = new Map<Label, number>()
  const numbered = ({ features, labels }: ReadImages): LabelledFeatures => ({
    features,
    labels: Int32Array.from(labels, (label) => {
      if (!numbers.has(label)) numbers.set(label, numbers.size)
      return numbers.get(label)!
    })
  })
  const sets = {
    bank: numbered(bank),
    queries: queries === null || areSame(bank, queries) ? null : numbered(queries)
  }
  return { dim, classes: numbers.size, ...sets }
}
