/** What the command line calls images, as the packed dataset that a run reads. */

import { stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { isAppError } from '../base/errors.ts'
import { ingest } from '../images/ingest.ts'
import type { DatasetManifest } from '../protocol/dataset-manifest.ts'
import type { Selection } from '../protocol/ingest-messages.ts'
import { refusal } from './command.ts'
import { counted } from './counted.ts'
import type { Output } from './output.ts'
import { reportInWords } from './report-in-words.ts'
import { checkImages, isPacked } from './sources.ts'

export interface DatasetRequest {
  /** A packed dataset, a folder of images, an archive or an IDX file. Absolute. */
  readonly images: string
  /** Where packed datasets are written: `dataset`, and `held-out` when something is held out. */
  readonly outFolder: string
  /** Every so many-th image is left out of training; null leaves out none. */
  readonly holdOut: number | null
  /** False where the folder goes when the command ends: then it is not named. */
  readonly isKept: boolean
  /** Bands that images shall have; gray or colour where nobody says. */
  readonly channels: number | undefined
  readonly signal: AbortSignal
  readonly output: Output
}

/** @throws AppError invalid_request when there is nothing at the path, or a packed dataset is to be split */
export async function checkSource(images: string, holdOut: number | null): Promise<void> {
  const kind = await checkImages('images', images)
  if (holdOut !== null && kind === 'packed') {
    throw refusal('--hold-out needs images that are not packed yet; a packed dataset is used whole.')
  }
}

/**
 * Packs what is not packed yet; what an earlier process packed is taken as it is, so that going on sees the same images.
 *
 * @returns the folder of the packed training images; null when the signal came first, then nothing half-made is left
 * @throws AppError what ingestion throws
 */
export async function prepareDataset(request: DatasetRequest): Promise<string | null> {
  const { images, outFolder, holdOut } = request
  if (await isPacked(images)) return images
  const parts: [name: string, select: Selection | undefined][] =
    holdOut === null
      ? [['dataset', undefined]]
      : [
          ['dataset', { every: holdOut, offset: 0, invert: true }],
          ['held-out', { every: holdOut, offset: 0, invert: false }]
        ]
  for (const [name, select] of parts) {
    const folder = join(outFolder, name)
    if (!(await isPacked(folder)) && !(await pack(request, folder, select))) return null
  }
  return join(outFolder, 'dataset')
}

/** @returns false when it was stopped */
async function pack(
  { images, isKept, channels, output, signal }: DatasetRequest,
  outFolder: string,
  select: Selection | undefined
): Promise<boolean> {
  const isFolder = (await stat(images)).isDirectory()
  const source = { kind: isFolder ? 'folder' : 'file', path: images, name: basename(images) } as const
  try {
    const request = { sources: [source], outFolder, ...(select && { select }), ...(channels && { channels }) }
    const manifest = await ingest(request, (progress) => {
      signal.throwIfAborted()
      const text = `packing ${basename(outFolder)}: ${counted(progress.images, 'image')}, ${progress.rejected} left out`
      output.progress({ ...progress, type: 'packing' }, text)
    })
    showPacked(manifest, isKept ? outFolder : null, output)
    return true
  } catch (error) {
    if (signal.aborted && !isAppError(error)) return false
    throw error
  }
}

function showPacked(
  { images, rejected, duplicates, report }: DatasetManifest,
  folder: string | null,
  output: Output
): void {
  const done =
    folder === null ? `looked at ${counted(images, 'image')}` : `packed ${counted(images, 'image')} into ${folder}`
  const where = folder !== null && rejected > 0 ? ` (${join(folder, 'rejected.jsonl')} says why)` : ''
  const text = `${done}; ${rejected} left out, ${duplicates} of them duplicates${where}`
  output.show({ type: 'packed', folder, images, rejected, duplicates, report: report ?? null }, text)
  if (report !== undefined) output.line(reportInWords(report))
}
