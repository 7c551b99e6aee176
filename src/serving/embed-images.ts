/** Images of any source through a model, a few batches in memory at a time, however many there are. */
import { tmpdir } from 'node:os'
import { AppError, isAppError } from '../base/errors.ts'
import { openDatasetFolder } from '../images/dataset-folder.ts'
import { decodeInspected } from '../images/decode.ts'
import { decodeRecord } from '../images/decode-record.ts'
import type { Image } from '../images/image.ts'
import { inspectImage } from '../images/inspect.ts'
import type { SourceItem } from '../images/sources/item.ts'
import { readSources } from '../images/sources/read-sources.ts'
import { enoughOf, type PreprocessTarget, preprocessImage } from '../model/preprocess.ts'
import { DEFAULT_INGEST_LIMITS } from '../protocol/ingest-messages.ts'
import type { ServedProgram } from './serving-model.ts'

/** Images in one run of a program that does not say. */
const BATCH = 64
/** What could not be read waits for no more than so many others. */
const MOST_UNUSABLE = 64
/** Images that are decoded at the same time: as many as libuv has threads. */
const WINDOW = 4

/** The class's name; a number where the source has numbers only. */
export type Label = string | number | null

export type ImageOrigin =
  | { readonly kind: 'packed'; readonly path: string }
  | { readonly kind: 'folder' | 'file'; readonly path: string; readonly name: string }

export interface UnusableImage {
  readonly name: string
  readonly code: string
  readonly message: string
}

interface UsableImage<Seen> {
  readonly name: string
  readonly label: Label
  readonly pixels: Seen
}

export interface EmbeddedImage {
  readonly name: string
  readonly label: Label
  /** [D], as the program gives it: of unit length where it embeds. */
  readonly embedding: Float32Array
}

export interface EmbeddedBatch {
  readonly images: readonly EmbeddedImage[]
  /** What could not be read since the batch before. */
  readonly unusable: readonly UnusableImage[]
}

export interface EmbedOptions {
  readonly origin: ImageOrigin
  readonly target: PreprocessTarget
  readonly program: ServedProgram
  /** Of a packed dataset, the images before this place are passed over. */
  readonly from?: number
}

type Size = Pick<Image, 'width' | 'height'>

/** How images become what a program takes. */
interface Seeing<Seen> {
  /** Whose bits and bands files are read by. */
  readonly target: PreprocessTarget
  /**
   * @param original of an image that was decoded as far as `enough` says, its own size
   * @throws AppError image_invalid
   */
  readonly see: (image: Image, name: string, original: Size) => Seen
  /** What of an image of that size is enough; all of it where this is left out, or says null. */
  readonly enough?: (size: Size) => Size | null
  /** By their names; all of them when it is left out. */
  readonly isWanted?: (name: string) => boolean
  /** Of a packed dataset, the images before this place are passed over. */
  readonly from?: number
}

export interface SeenOptions<Seen> extends Seeing<Seen> {
  readonly origin: ImageOrigin
  readonly program: Pick<ServedProgram, 'batch' | 'sessions'> & { run(seen: readonly Seen[]): Promise<Float32Array[]> }
}

/**
 * In the order of the source: folders by name, packed datasets as they were packed. Every file has its row, equal ones
 * too.
 *
 * @throws AppError what reading the source throws; dataset_empty when there is no image in it
 */
export const embedImages = ({ origin, target, program, from = 0 }: EmbedOptions): AsyncGenerator<EmbeddedBatch> =>
  embedSeen({
    origin,
    target,
    program,
    from,
    see: (image, _, original) => preprocessImage(image, target, original),
    enough: (size) => enoughOf(size, target)
  })

/** The same of images in any shape, and of those alone that are wanted: there may be none. */
export async function* embedSeen<Seen>({
  origin,
  program,
  ...seeing
}: SeenOptions<Seen>): AsyncGenerator<EmbeddedBatch> {
  const { batch: most = BATCH, sessions = 1 } = program
  let waiting: UsableImage<Seen>[] = []
  let unusable: UnusableImage[] = []
  let total = 0
  const embedded = async (
    of: readonly UsableImage<Seen>[],
    beside: readonly UnusableImage[]
  ): Promise<EmbeddedBatch> => {
    const rows = of.length === 0 ? [] : await program.run(of.map(({ pixels }) => pixels))
    return { images: of.map(({ name, label }, i) => ({ name, label, embedding: rows[i]! })), unusable: beside }
  }
  // The next images are read while these compute.
  const computing: Promise<EmbeddedBatch>[] = []
  const compute = () => {
    const batch = embedded(waiting, unusable)
    batch.catch(() => {}) // awaited in its turn; until then it must not count as unhandled
    computing.push(batch)
    waiting = []
    unusable = []
  }
  try {
    for await (const read of inOrder(
      origin.kind === 'packed' ? packedImages(origin.path, seeing) : found(origin, seeing)
    )) {
      if ('code' in read) unusable.push(read)
      else {
        waiting.push(read)
        total++
      }
      if (waiting.length < most && unusable.length < MOST_UNUSABLE) continue
      while (computing.length >= sessions) yield await computing.shift()!
      compute()
    }
    while (computing.length >= sessions) yield await computing.shift()!
    if (waiting.length > 0 || unusable.length > 0) compute()
    while (computing.length > 0) yield await computing.shift()!
  } finally {
    // Whoever stops here may close the program next.
    await Promise.allSettled(computing)
  }
  if (total === 0 && seeing.isWanted === undefined)
    throw new AppError('dataset_empty', { message: `There is no image that can be read in ${origin.path}.` })
}

type Reading<Seen> = () => Promise<UsableImage<Seen> | UnusableImage>

async function* inOrder<Seen>(
  readings: AsyncIterable<Reading<Seen>>
): AsyncGenerator<UsableImage<Seen> | UnusableImage> {
  const underWay: Promise<UsableImage<Seen> | UnusableImage>[] = []
  for await (const read of readings) {
    const result = read()
    result.catch(() => {}) // awaited in its turn; until then it must not count as unhandled
    underWay.push(result)
    if (underWay.length >= WINDOW) yield await underWay.shift()!
  }
  for (const result of underWay) yield await result
}

async function* packedImages<Seen>(
  folder: string,
  { target, see, isWanted, from = 0 }: Seeing<Seen>
): AsyncGenerator<Reading<Seen>> {
  const dataset = await openDatasetFolder(folder)
  const { classes } = dataset.manifest
  try {
    for (const [index, record] of dataset.records.entries()) {
      const { name, label } = record
      if (index < from || isWanted?.(name) === false) continue
      yield async () => {
        const bytes = await dataset.read(index)
        const image = await decodeRecord(bytes, record, target.preprocessing.bits)
        const named = label === null ? null : (classes?.[label] ?? label)
        return { name, label: named, pixels: see(image, name, image) }
      }
    }
  } finally {
    await dataset.close()
  }
}

async function* found<Seen>(
  origin: Exclude<ImageOrigin, { kind: 'packed' }>,
  seeing: Seeing<Seen>
): AsyncGenerator<Reading<Seen>> {
  const options = { limits: DEFAULT_INGEST_LIMITS, scratch: tmpdir() }
  for await (const item of readSources([origin], options))
    if (seeing.isWanted?.(item.name) !== false) yield () => readItem(item, seeing)
}

async function readItem<Seen>(
  item: SourceItem,
  { target, see, enough = () => null }: Seeing<Seen>
): Promise<UsableImage<Seen> | UnusableImage> {
  const { name } = item
  if (item.kind === 'rejected') return { name, code: item.code, message: item.message }
  if (item.kind === 'pixels') {
    const { width, height, channels, bytes: data, label } = item
    const image = { data, width, height, channels }
    return { name, label, pixels: see(image, name, image) }
  }
  const { maxImageBytes: maxBytes, maxImagePixels: maxPixels } = DEFAULT_INGEST_LIMITS
  try {
    const info = await inspectImage(item.bytes, { maxBytes, maxPixels }, target.channels)
    const options = { ...target.preprocessing, enough: enough(info) }
    const image = await decodeInspected(item.bytes, info, options)
    return { name, label: item.className, pixels: see(image, name, info) }
  } catch (error) {
    if (!isAppError(error)) throw error
    return { name, code: error.code, message: error.message }
  }
}
