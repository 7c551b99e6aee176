/** Images that have labels, as features that protocols compare: a bank, and queries unless these are the same images. */
import { realpath } from 'node:fs/promises'
import type { LabelledFeatures, LabelledSets } from '../evaluation/evaluation.ts'
import type { EmbeddedImage, ImageOrigin, Label } from '../serving/embed-images.ts'
import { type Embedding, embedWithProgress } from './images.ts'

export interface ReadImages {
  /** [N, dim] */
  readonly features: Float32Array
  /** [N] */
  readonly labels: readonly Label[]
  /** The first without a label, with the path that it was read from. */
  readonly unlabelled: string | null
}

/**
 * In the order of the source.
 *
 * @param onUnlabelled hears of the first image without a label at once, and may throw
 */
export async function readImages(
  embedding: Embedding,
  onUnlabelled: (image: string) => void = () => {}
): Promise<ReadImages> {
  const { model, origin } = embedding
  const images: EmbeddedImage[] = []
  let unlabelled: string | null = null
  await embedWithProgress(embedding, (batch) => {
    images.push(...batch.images)
    const without = unlabelled === null ? batch.images.find(({ label }) => label === null) : undefined
    if (without === undefined) return
    unlabelled = `${origin.path}: ${without.name}`
    onUnlabelled(unlabelled)
  })
  const features = new Float32Array(images.length * model.config.embeddingDim)
  for (const [i, { embedding: row }] of images.entries()) features.set(row, i * row.length)
  return { features, labels: images.map(({ label }) => label), unlabelled }
}

/** Whether both flags name the same place. Links are followed. */
export async function isSamePlace(one: ImageOrigin, other: ImageOrigin): Promise<boolean> {
  return (await realpath(one.path)) === (await realpath(other.path))
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
