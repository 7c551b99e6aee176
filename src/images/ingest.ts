/**
 * From what users have to a dataset folder. Every image is decoded once, so that no run stops on a broken one days
 * later; what cannot be used is recorded with its reason and the rest goes on.
 *
 * Labels: the folder right above a file is its class (`cats/1.jpg`, `train/cats/1.jpg`), whatever lies above that;
 * files at the top have none. IDX files bring numbers.
 */
import { rm } from 'node:fs/promises'
import { AppError, isAppError } from '../base/errors.ts'
import type { DatasetManifest, RejectedRecord } from '../protocol/dataset-manifest.ts'
import {
  DEFAULT_INGEST_LIMITS,
  type IngestLimits,
  type IngestProgress,
  type IngestRequest
} from '../protocol/ingest-messages.ts'
import { isBands } from '../recipe/bands.ts'
import { createDatasetWriter, type DatasetWriter, type NewImage } from './dataset-writer.ts'
import type { ImageInfo } from './image.ts'
import { createGate, inOrder } from './in-order.ts'
import { IngestJournal, readJournals } from './ingest-journal.ts'
import { inspectImage } from './inspect.ts'
import { lookAt } from './look.ts'
import { readPacked } from './packed/read-packed.ts'
import { createReport, type Judged, type ReportWriter } from './report.ts'
import type { SourceFile, SourceItem, SourcePixels } from './sources/item.ts'
import { readSources } from './sources/read-sources.ts'
import { verifyInspected } from './verify-image.ts'
import { takesBits } from './words.ts'

/** Images that are judged at the same time: as many as libuv has threads. */
const WINDOW = 4
/** Of the images that are decoded at the same time. One that is larger is decoded alone: turned or interlaced, it is held. */
const DECODED_PIXELS = 50_000_000
const PROGRESS_EVERY = 250

type Verdict = ({ readonly image: NewImage } & Judged) | { readonly rejected: RejectedRecord }

/** Of files that may be images, and of images in files that hold several. */
interface Chosen {
  images: number
  chosen: number
}

async function* selected(
  items: AsyncIterable<SourceItem>,
  select: IngestRequest['select'],
  counts: Chosen
): AsyncGenerator<SourceItem> {
  for await (const item of items) {
    // A file that is no image has no number: a licence beside the images must not shift what is held out.
    const isImage = item.kind !== 'rejected'
    const i = counts.images
    const isChosen = select === undefined || !isImage || (i % select.every === select.offset) !== select.invert
    if (isImage) counts.images++
    if (isImage && isChosen) counts.chosen++
    if (isChosen) yield item
  }
}

const decoding = createGate(DECODED_PIXELS)
/** Decoding AVIF takes up to 26 bytes a pixel, everything else 4 to 9. */
const AVIF_WEIGHT = 6

function weightOf(info: ImageInfo): number {
  const pixels = info.width * info.height
  if (takesBits(info) || isBands(info.channels)) return pixels * info.channels
  return info.format === 'avif' ? pixels * AVIF_WEIGHT : pixels
}

async function judgeFile(
  { name, className, label, bytes }: SourceFile,
  limits: IngestLimits,
  channels: number | undefined
): Promise<Verdict> {
  try {
    const allowed = { maxBytes: limits.maxImageBytes, maxPixels: limits.maxImagePixels }
    const inspected = await inspectImage(bytes, allowed, channels)
    const { isDeep, ...info } = inspected
    const { pixels, bits } = await decoding(weightOf(inspected), () => verifyInspected(bytes, inspected))
    return {
      image: { ...info, name, label: label === undefined ? className : label, bytes },
      isDeep,
      bits,
      look: lookAt(pixels)
    }
  } catch (error) {
    if (!isAppError(error)) throw error
    return { rejected: { name, code: error.code, message: error.message } }
  }
}

function judgePixels(
  { kind: _, ...pixels }: SourcePixels,
  { classes, channels = pixels.channels }: Pick<IngestRequest, 'classes' | 'channels'>
): Verdict {
  const { name, label } = pixels
  if (isBands(channels)) {
    throw new AppError('archive_invalid', { message: `${name} is no TIFF, which images of ${channels} channels are.` })
  }
  if (classes !== undefined && label !== null && label >= classes.length) {
    const message = `${name} has the label ${label}, but there are ${classes.length} classes.`
    throw new AppError('archive_invalid', { message })
  }
  const look = lookAt({ ...pixels, data: pixels.bytes })
  return { image: { ...pixels, format: 'raw' }, isDeep: false, bits: null, look }
}

async function judge(item: SourceItem, request: IngestRequest, limits: IngestLimits): Promise<Verdict> {
  switch (item.kind) {
    case 'file':
      return judgeFile(item, limits, request.channels)
    case 'pixels':
      return judgePixels(item, request)
    case 'rejected':
      return { rejected: { name: item.name, code: item.code, message: item.message } }
  }
}

const bytesOf = (item: SourceItem): number => (item.kind === 'rejected' ? 0 : item.bytes.length)

/** Everything as it was when the last of these shards was closed. */
async function replay(writer: DatasetWriter, seen: ReportWriter, { outFolder, journal }: IngestRequest): Promise<void> {
  for await (const line of readJournals(outFolder, journal?.replay ?? 0)) {
    await writer.replay(line)
    if ('image' in line) seen.add({ width: line.image.width, height: line.image.height, ...line.judged })
  }
}

/** They were judged before, and read now only to come to what is behind them. */
async function* behind(items: AsyncIterable<SourceItem>, count: number): AsyncGenerator<SourceItem> {
  let i = 0
  for await (const item of items) if (i++ >= count) yield item
}

async function fill(
  writer: DatasetWriter,
  request: IngestRequest,
  onProgress: (progress: IngestProgress) => void
): Promise<DatasetManifest> {
  const limits = { ...DEFAULT_INGEST_LIMITS, ...request.limits }
  const { sources, packed, outFolder: scratch } = request
  const counts: Chosen = { images: 0, chosen: 0 }
  const report = () => onProgress({ type: 'progress', images: writer.images, rejected: writer.rejected })
  let firstRejected: RejectedRecord | null = null
  const seen = createReport()
  await replay(writer, seen, request)
  // Each of them has become an image or a rejected file.
  const done = writer.images + writer.rejected
  if (done > 0) report()
  const read = packed === undefined ? readSources(sources, { limits, scratch }) : readPacked(packed)
  const items = behind(selected(read, request.select, counts), done)
  const bounds = { window: WINDOW, weigh: bytesOf, maxWeight: limits.maxImageBytes }
  for await (const verdict of inOrder(items, (item) => judge(item, request, limits), bounds)) {
    if ('image' in verdict) {
      const { image, ...judged } = verdict
      const { width, height } = image
      if (await writer.add(image, judged)) seen.add({ width, height, ...judged })
    } else {
      firstRejected ??= verdict.rejected
      await writer.reject(verdict.rejected)
    }
    if ((writer.images + writer.rejected) % PROGRESS_EVERY === 0) report()
  }
  if (request.select !== undefined && counts.images > 0 && counts.chosen === 0) {
    const { every, offset, invert } = request.select
    const which = `every ${every}, offset ${offset}${invert ? ', inverted' : ''}`
    const message = `The selection (${which}) leaves none of the ${counts.images} files and images of the source.`
    throw new AppError('selection_empty', { message })
  }
  if (writer.images === 0) {
    const reason = firstRejected === null ? '' : ` ${firstRejected.name}: ${firstRejected.message}`
    const message = `No image of the source could be used; ${writer.rejected} files were rejected.${reason}`
    throw new AppError('dataset_empty', { message, rejected: writer.rejected })
  }
  report()
  return writer.finish(request.classes ?? null, seen.finish())
}

/**
 * @param onShard is told of each shard that is whole, where the request asks for journals
 * @returns the manifest of the finished folder
 * @throws AppError `archive_invalid`, `archive_too_large`, `dataset_empty`, `selection_empty`, `source_unreachable`, `storage_full`;
 *   nothing is left of the folder then
 */
export async function ingest(
  request: IngestRequest,
  onProgress: (progress: IngestProgress) => void = () => {},
  onShard: (shard: number) => void = () => {}
): Promise<DatasetManifest> {
  const { outFolder, limits, journal } = request
  const { shardBytes } = { ...DEFAULT_INGEST_LIMITS, ...limits }
  const writer = await createDatasetWriter(outFolder, {
    shardBytes,
    journal: journal ? new IngestJournal(outFolder, { replayed: journal.replay, onShard }) : null
  })
  try {
    return await fill(writer, request, onProgress)
  } catch (error) {
    await writer.abandon()
    await rm(outFolder, { recursive: true, force: true })
    throw error
  }
}
