/** What encoded images are, by their first bytes alone: names and media types lie. Formats that are not read have their names. */

export type EncodedFormat = 'jpeg' | 'png' | 'webp' | 'avif' | 'tiff' | 'gif'

/** For messages. */
export const READ_FORMATS = 'JPEG, PNG, WebP, AVIF, TIFF or GIF'

const codes = (text: string): number[] => [...text].map((character) => character.charCodeAt(0))

const startsWith = (bytes: Uint8Array, signature: readonly number[] | string, at = 0): boolean =>
  (typeof signature === 'string' ? codes(signature) : signature).every((byte, i) => bytes[at + i] === byte)

/** The tests of this module look no further. */
export const SNIFFED_BYTES = 512

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes.subarray(0, SNIFFED_BYTES)).toString('latin1')

/** Of the container that AVIF, HEIC and MP4 share: its own brand first, then those it is compatible with. */
function brandsOf(bytes: Uint8Array): string[] {
  if (!startsWith(bytes, 'ftyp', 4)) return []
  const length = Math.min(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0), SNIFFED_BYTES, bytes.length)
  const text = textOf(bytes.subarray(0, length))
  return [text.slice(8, 12), ...(text.slice(16).match(/.{4}/gs) ?? [])]
}

const HEIC_BRANDS = ['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'hevm', 'hevs', 'mif1', 'msf1']
const isAvif = (brands: readonly string[]): boolean => brands.includes('avif') || brands.includes('avis')

/** Null for what is none of the formats that are read. */
export function sniffFormat(bytes: Uint8Array): EncodedFormat | null {
  if (startsWith(bytes, [0xff, 0xd8, 0xff])) return 'jpeg'
  if (startsWith(bytes, [0x89, ...codes('PNG\r\n'), 0x1a, 0x0a])) return 'png'
  if (startsWith(bytes, 'RIFF') && startsWith(bytes, 'WEBP', 8)) return 'webp'
  if (startsWith(bytes, 'GIF8')) return 'gif'
  if (startsWith(bytes, [...codes('II'), 42, 0]) || startsWith(bytes, [...codes('MM'), 0, 42])) return 'tiff'
  return isAvif(brandsOf(bytes)) ? 'avif' : null
}

const UNREAD: readonly (readonly [name: string, is: (bytes: Uint8Array) => boolean])[] = [
  ['HEIC', (bytes) => brandsOf(bytes).some((brand) => HEIC_BRANDS.includes(brand))],
  ['Canon RAW', (bytes) => brandsOf(bytes)[0] === 'crx '],
  [
    'JPEG 2000',
    (bytes) => startsWith(bytes, [0, 0, 0, 12, ...codes('jP  ')]) || startsWith(bytes, [0xff, 0x4f, 0xff, 0x51])
  ],
  ['JPEG XL', (bytes) => startsWith(bytes, [0, 0, 0, 12, ...codes('JXL ')]) || startsWith(bytes, [0xff, 0x0a])],
  // Two letters alone begin many texts; behind them are a length and four bytes of nothing.
  ['BMP', (bytes) => bytes.length > 26 && startsWith(bytes, 'BM') && startsWith(bytes, [0, 0, 0, 0], 6)],
  ['ICO', (bytes) => bytes.length > 22 && startsWith(bytes, [0, 0, 1, 0]) && bytes[4] !== 0 && bytes[5] === 0],
  ['PSD', (bytes) => startsWith(bytes, '8BPS')],
  ['BigTIFF', (bytes) => startsWith(bytes, [...codes('II'), 43, 0]) || startsWith(bytes, [...codes('MM'), 0, 43])],
  ['OpenEXR', (bytes) => startsWith(bytes, [0x76, 0x2f, 0x31, 0x01])],
  ['PNM', (bytes) => /^P[1-7]\s+(#[^\n]*\s+)?\d/.test(textOf(bytes))],
  ['SVG', (bytes) => /^\uFEFF?\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?(<!DOCTYPE svg|<svg)[\s>/]/is.test(utf8Of(bytes))],
  ['PDF', (bytes) => startsWith(bytes, '%PDF-')]
]

const utf8Of = (bytes: Uint8Array): string => Buffer.from(bytes.subarray(0, SNIFFED_BYTES)).toString('utf8')

/** The name of an image format that is not read, such as HEIC; null for what is no image as far as is known. */
export const unreadFormat = (bytes: Uint8Array): string | null => UNREAD.find(([, is]) => is(bytes))?.[0] ?? null

/** An image by its first bytes, whether it is read or not. */
export const isImage = (bytes: Uint8Array): boolean => sniffFormat(bytes) !== null || unreadFormat(bytes) !== null

/** Why bytes of no format that is read are refused. */
export function whyNotRead(bytes: Uint8Array): string {
  const name = unreadFormat(bytes)
  return name === null
    ? `The bytes are no ${READ_FORMATS}.`
    : `${name} images are not read; convert them to JPEG or PNG.`
}
