/** What the command line calls images, as the packed dataset that a run reads. */
import { stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { AppError } from '../base/errors.ts'
import { ingest } from '../images/ingest.ts'

export interface DatasetRequest {
  /** A packed dataset, a folder of images, an archive or an IDX file. */
  readonly images: string
  /** Where packed datasets are written: `dataset`, and `held-out` when something is held out. */
  readonly outFolder: string
  /** Every so many-th image is left out of training; 0 leaves out none. */
  readonly holdOut: number
  /** Takes what an earlier run of the same command packed: going on must see the same images. */
  readonly isResuming: boolean
  readonly report: (line: string) => void
}

/**
 * @returns the folder of the packed training images
 * @throws AppError what ingestion throws; invalid_request when a packed dataset is to be split
 */
export async function prepareDataset(request: DatasetRequest): Promise<string> {
  const { images, outFolder, holdOut, isResuming } = request
  if (await isPacked(images)) {
    if (holdOut > 0) {
      throw new AppError('invalid_request', { message: '--hold-out needs images; a packed dataset is used whole.' })
    }
    return images
  }
  const folder = join(outFolder, 'dataset')
  if (isResuming && (await isPacked(folder))) return folder
  await pack(request, folder, holdOut > 0 ? { every: holdOut, offset: 0, invert: true } : undefined)
  if (holdOut > 0) await pack(request, join(outFolder, 'held-out'), { every: holdOut, offset: 0, invert: false })
  return folder
}

type Selection = { readonly every: number; readonly offset: number; readonly invert: boolean }

async function pack(
  { images, report }: DatasetRequest,
  outFolder: string,
  select: Selection | undefined
): Promise<void> {
  const path = resolve(images)
  const isFolder = (await statOrNull(path))?.isDirectory() ?? false
  const source = { kind: isFolder ? 'folder' : 'file', path, name: basename(path) } as const
  const manifest = await ingest({ sources: [source], outFolder, ...(select === undefined ? {} : { select }) })
  const { rejected, duplicates } = manifest
  report(`packed ${manifest.images} images into ${outFolder}; ${rejected} left out, ${duplicates} of them duplicates`)
}

const isPacked = async (folder: string): Promise<boolean> => (await statOrNull(join(folder, 'manifest.json'))) !== null

/** Null when there is nothing; what is there and cannot be read, ingestion explains. */
const statOrNull = (path: string) => stat(path).catch(() => null)
