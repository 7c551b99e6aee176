/** A dataset that was packed before, as a source of another one: images keep their names, bytes and the numbers of their classes. */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { AppError } from '../../base/errors.ts'
import type { PackedSource } from '../../protocol/ingest-messages.ts'
import { type DatasetFolder, type ImageRecord, openDatasetFolder } from '../dataset-folder.ts'
import type { SourceItem } from '../sources/item.ts'
import { chooseImages } from './choose.ts'

/** @throws AppError storage_unavailable and object_damaged for files that do not fit together */
export async function* readPacked(source: PackedSource): AsyncGenerator<SourceItem> {
  const dataset = await openDatasetFolder(source.folder)
  try {
    const images = dataset.records.length
    const chosen = await chooseImages(source.choice, { images, vectors: source.vectors })
    const given = source.labelsPath === null ? new Map<number, number>() : await readLabels(source.labelsPath)
    for (const image of chosen) yield await itemOf(dataset, image, given.get(image))
  } finally {
    await dataset.close()
  }
}

async function itemOf(dataset: DatasetFolder, image: number, given: number | undefined): Promise<SourceItem> {
  const record = dataset.records[image]
  if (record === undefined) throw new AppError('object_damaged', { message: `There is no image ${image} to be taken.` })
  const { name, format, width, height } = record
  const label = record.label ?? given ?? null
  const bytes = await dataset.read(image)
  if (format !== 'raw') return { kind: 'file', name, className: null, label, bytes }
  return { kind: 'pixels', name, width, height, channels: pixelChannels(record), label, bytes }
}

/** Pixels come from IDX files alone. */
function pixelChannels({ name, channels }: ImageRecord): 1 | 3 {
  if (channels === 1 || channels === 3) return channels
  throw new AppError('object_damaged', { message: `${name} has pixels of ${channels} channels.` })
}

async function readLabels(path: string): Promise<ReadonlyMap<number, number>> {
  const labels = new Map<number, number>()
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const [image, label] = JSON.parse(line) as [number, number] // our own file
    labels.set(image, label)
  }
  return labels
}
