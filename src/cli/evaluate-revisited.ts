/** `kappa evaluate --protocol revisited`: buildings that are looked for as on revisited Oxford and Paris. */
import { AppError } from '../base/errors.ts'
import type { Evaluation } from '../base/evaluation.ts'
import { createEngine } from '../engine/create-engine.ts'
import { evaluateRevisited } from '../evaluation/revisited.ts'
import type { Image } from '../images/image.ts'
import { openProbedModel } from '../probing/probed-model.ts'
import { openShapedEmbeddings, type ShapedEmbeddings, type ShapedImage } from '../probing/shaped-embeddings.ts'
import { embedSeen, type ImageOrigin } from '../serving/embed-images.ts'
import type { ReadBatch } from '../serving/labelled-images.ts'
import type { GroundTruth, Query } from './ground-truth.ts'
import { readWithProgress } from './images.ts'
import type { Output } from './output.ts'

export interface RevisitedSources {
  /** Its folder. */
  readonly model: string
  readonly gallery: ImageOrigin
  readonly queries: ImageOrigin
  readonly truth: GroundTruth
}

export interface RevisitedRun {
  /** Pixels of the longer side; undefined: the size that the network was trained at. */
  readonly imageSize: number | undefined
  readonly seed: number
  readonly threads: number | undefined
  readonly output: Output
  readonly signal: AbortSignal
}

/**
 * @throws AppError evaluation_impossible where no query has anything to find or an image of the ground truth is missing; the
 *   signal's reason when it is stopped
 */
export async function runRevisited(
  { model: folder, gallery, queries, truth }: RevisitedSources,
  { imageSize, seed, threads, output, signal }: RevisitedRun
): Promise<Evaluation<'revisited'> & { readonly dimensions: number }> {
  if (truth.queries.every(({ truth: { easy, hard } }) => easy.length + hard.length === 0))
    throw impossible(`no query of ${truth.path} has anything to find: easy and hard are empty for all of them`)
  const model = await openProbedModel(folder)
  const size = imageSize ?? model.served.network.imageSize
  const engine = createEngine(threads === undefined ? {} : { threads })
  const embeddings = openShapedEmbeddings(engine, model, size)
  try {
    const read = (origin: ImageOrigin, named: readonly NamedImage[]) =>
      readWithProgress(readNamed(origin, named, embeddings), { output, signal })
    const asked = await read(queries, truth.queries)
    const ranked = await read(
      gallery,
      truth.images.map((name) => ({ name, box: null }))
    )
    output.progress({ type: 'evaluating', protocol: 'revisited' }, 'revisited …')
    const of = { dim: embeddings.dim, gallery: ranked, queries: asked, truth: truth.queries.map((one) => one.truth) }
    const { settings, ...measured } = evaluateRevisited(of, { seed })
    return {
      ...measured,
      settings: {
        imageSize: size,
        resize: 'longer side, Lanczos, none enlarged; whole patches',
        features: 'class token, one scale',
        croppedQueries: truth.queries.filter(({ box }) => box !== null).length,
        groundTruth: truth.path,
        ...settings
      },
      dimensions: embeddings.dim
    }
  } finally {
    await embeddings.dispose()
    await engine.dispose()
  }
}

type NamedImage = Pick<Query, 'name' | 'box'>

/** [named, dim], in their order. */
async function* readNamed(
  origin: ImageOrigin,
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
      if (!missing.delete(name)) throw impossible(`${origin.path} has two images named ${name}`)
      features.set(embedding, place * dim)
    }
  }
  const [first] = missing
  if (first === undefined) return features
  const reason = reasons.get(places.get(first))
  throw impossible(
    `${origin.path} has no ${first} that can be read, which the ground truth names (${missing.size} are missing)` +
      (reason === undefined ? '' : `. ${reason.replace(/\.$/, '')}`)
  )
}

const impossible = (why: string): AppError =>
  new AppError('evaluation_impossible', { message: `revisited cannot be run: ${why}.` })
