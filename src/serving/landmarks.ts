/** revisited on images of any source: buildings that are looked for as on revisited Oxford and Paris. */
import { AppError } from '../base/errors.ts'
import type { GroundTruth, Query } from '../base/ground-truth.ts'
import type { Engine } from '../engine/engine.ts'
import { evaluateRevisited } from '../evaluation/revisited.ts'
import type { Image } from '../images/image.ts'
import type { ProbedModel } from '../probing/probed-model.ts'
import { openShapedEmbeddings, type ShapedEmbeddings, type ShapedImage } from '../probing/shaped-embeddings.ts'
import type { MeasuredBy, NamedSettings } from './copies.ts'
import { embedSeen, type ImageOrigin } from './embed-images.ts'
import type { ReadBatch } from './labelled-images.ts'

export interface LandmarkSources {
  readonly gallery: ImageOrigin
  /** The gallery itself, where queries lie among its images. */
  readonly queries: ImageOrigin
  readonly truth: GroundTruth
  /** Where the ground truth comes from, in results. */
  readonly truthFrom: string
  /** A source, in sentences about its images. */
  readonly nameOf: (origin: ImageOrigin) => string
}

/**
 * Ends with what computes the result: all at once, for as long as it takes.
 *
 * @throws AppError evaluation_impossible where an image of the ground truth is missing
 */
export async function* readLandmarks(
  { engine, model }: { readonly engine: Engine; readonly model: ProbedModel },
  { gallery, queries, truth, truthFrom, nameOf }: LandmarkSources,
  { imageSize, seed }: NamedSettings
): AsyncGenerator<ReadBatch, () => MeasuredBy<'revisited'>> {
  const size = imageSize ?? model.served.network.imageSize
  const embeddings = openShapedEmbeddings(engine, model, size)
  const { dim } = embeddings
  try {
    const read = (origin: ImageOrigin, named: readonly NamedImage[]) =>
      readNamed({ origin, name: nameOf(origin) }, named, embeddings)
    const asked = yield* read(queries, truth.queries)
    const ranked = yield* read(
      gallery,
      truth.images.map((name) => ({ name, box: null }))
    )
    return () => {
      const of = { dim, gallery: ranked, queries: asked, truth: truth.queries.map((one) => one.truth) }
      const { settings, ...measured } = evaluateRevisited(of, { seed })
      return {
        ...measured,
        settings: {
          imageSize: size,
          resize: 'longer side, Lanczos, none enlarged; whole patches',
          features: 'class token, one scale',
          croppedQueries: truth.queries.filter(({ box }) => box !== null).length,
          groundTruth: truthFrom,
          ...settings
        },
        dimensions: dim
      }
    }
  } finally {
    await embeddings.dispose()
  }
}

type NamedImage = Pick<Query, 'name' | 'box'>

/** [named, dim], in their order. */
async function* readNamed(
  { origin, name: source }: { readonly origin: ImageOrigin; readonly name: string },
  named: readonly NamedImage[],
  { dim, target, see, program }: ShapedEmbeddings
): AsyncGenerator<ReadBatch, Float32Array> {
  const places = new Map(named.map(({ name }, place) => [name, place]))
  const placeOf = (path: string): number | undefined => {
    const file = path.slice(path.lastIndexOf('/') + 1)
    return places.get(file) ?? places.get(file.slice(0, file.lastIndexOf('.')))
  }
  const features = new Float32Array(named.length * dim)
  const missing = new Set(named.map(({ name }) => name))
  const seen = (image: Image, path: string): ShapedImage => see(image, named[placeOf(path)!]!.box)
  const isWanted = (path: string) => placeOf(path) !== undefined
  const reasons = new Map<number | undefined, string>()
  for await (const batch of embedSeen({ origin, target, see: seen, isWanted, program })) {
    yield { origin, batch }
    for (const { name: path, message } of batch.unusable) reasons.set(placeOf(path), `${path}: ${message}`)
    for (const { name: path, embedding } of batch.images) {
      const place = placeOf(path)!
      const { name } = named[place]!
      if (!missing.delete(name)) throw impossible(`${source} has two images named ${name}`)
      features.set(embedding, place * dim)
    }
  }
  const [first] = missing
  if (first === undefined) return features
  const reason = reasons.get(places.get(first))
  throw impossible(
    `${source} has no ${first} that can be read, which the ground truth names (${missing.size} are missing)` +
      (reason === undefined ? '' : `. ${reason.replace(/\.$/, '')}`)
  )
}

const impossible = (why: string): AppError =>
  new AppError('evaluation_impossible', { message: `revisited cannot be run: ${why}.` })
