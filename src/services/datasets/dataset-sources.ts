/** Which files make a dataset version together, told by their names before any work starts. */
import { AppError, type FieldError } from '../../base/errors.ts'
import { READ_FORMATS } from '../../base/image-formats.ts'
import type { OuterSource, Upload } from '../../domain/dataset.ts'
import { isOwnRoot } from '../../domain/owned-prefix.ts'

const KINDS = {
  archive: /\.(zip|tar|tar\.gz|tgz)$/i,
  image: /\.(jpe?g|png|webp|avif|tiff?|gif)$/i,
  'idx-images': /[-.]idx3-ubyte(\.gz)?$/i,
  'idx-labels': /[-.]idx1-ubyte(\.gz)?$/i
} as const

export type FileKind = keyof typeof KINDS

export const FILE_KINDS_TEXT = `a zip or tar(.gz) archive, a ${READ_FORMATS} image, or an IDX file (…-idx3-ubyte, …-idx1-ubyte, .gz or not)`

export function fileKind(filename: string): FileKind | null {
  for (const [kind, pattern] of Object.entries(KINDS)) {
    if (pattern.test(filename)) return kind as FileKind // the keys of KINDS
  }
  return null
}

/** Of one name, in common file systems. */
const MAX_NAME_BYTES = 255

const isFolderName = (name: string): boolean =>
  name !== '' && name !== '.' && name !== '..' && !/[\0\\]/.test(name) && Buffer.byteLength(name) <= MAX_NAME_BYTES

const invalid = (errors: readonly FieldError[]): AppError => new AppError('invalid_request', { errors })

/** @throws AppError invalid_request */
export function checkFilename(filename: string): void {
  if (Buffer.byteLength(filename) > MAX_NAME_BYTES) {
    throw invalid([{ path: '/filename', message: `must have at most ${MAX_NAME_BYTES} bytes` }])
  }
  if (fileKind(filename) === null) throw invalid([{ path: '/filename', message: `must name ${FILE_KINDS_TEXT}` }])
}

/** One archive; or images; or one file of IDX images and at most one of IDX labels. */
export function checkCombination(uploads: readonly Upload[]): void {
  const kinds = uploads.map(({ filename }) => fileKind(filename))
  const count = (kind: FileKind) => kinds.filter((one) => one === kind).length
  const isOneArchive = count('archive') === 1 && kinds.length === 1
  const isImages = count('image') === kinds.length
  const isIdx = count('idx-images') === 1 && count('idx-labels') === kinds.length - 1 && kinds.length <= 2
  if (isOneArchive || isImages || isIdx) return
  const message = 'must be one archive, or images only, or one IDX file of images with at most one of labels'
  throw invalid([{ path: '/source/uploads', message }])
}

export const checkPrefix = (source: Extract<OuterSource, { type: 's3' }>): OuterSource => ({
  ...source,
  prefix: checkedPrefix(source.prefix, '/source/prefix')
})

/**
 * With a `/` at the end, so that `data` cannot name `datasets/`.
 * @param path of the field, for the problem
 * @throws AppError invalid_request
 */
export function checkedPrefix(text: string, path: string): string {
  const prefix = text.endsWith('/') ? text : `${text}/`
  const segments = prefix.slice(0, -1).split('/')
  const isPlain = segments.every(isFolderName)
  if (!isPlain) throw invalid([{ path, message: 'must be a folder below the root of the bucket' }])
  // Another project's data is there.
  if (isOwnRoot(segments[0] ?? '')) {
    throw invalid([{ path, message: `must not begin with ${segments[0]}/, which belongs to Kappa` }])
  }
  return prefix
}

export function checkSelection({ select }: OuterSource): void {
  if (select && select.offset >= select.every) {
    throw invalid([{ path: '/source/select/offset', message: 'must be less than "every"' }])
  }
}
