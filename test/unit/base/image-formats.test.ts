import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isImage, sniffFormat, unreadFormat, whyNotRead } from '../../../src/base/image-formats.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const ftyp = (...brands: string[]) => {
  const box = Buffer.concat([Buffer.alloc(4), Buffer.from(`ftyp${brands[0]}\0\0\0\0${brands.slice(1).join('')}`)])
  box.writeUInt32BE(box.length)
  return Buffer.concat([box, Buffer.from('\0\0\0\x20metaavif')])
}

const READ: [what: string, bytes: Buffer][] = [
  ['jpeg', hex('ffd8ffe000')],
  ['png', hex('89504e470d0a1a0a')],
  ['gif', Buffer.from('GIF89a')],
  ['tiff', hex('49492a0008')],
  ['tiff', hex('4d4d002a')],
  ['webp', Buffer.from('RIFF\0\0\0\0WEBP')],
  ['avif', ftyp('avif', 'mif1', 'miaf')],
  ['avif', ftyp('avis', 'msf1')],
  ['avif', ftyp('mif1', 'avif', 'miaf')]
]

for (const [i, [format, bytes]] of READ.entries()) {
  test(`${format} is known by its first bytes (${i})`, () => {
    assert.equal(sniffFormat(bytes), format)
    assert.ok(isImage(bytes))
  })
}

const UNREAD: [what: string, bytes: Buffer][] = [
  ['HEIC', ftyp('heic', 'mif1', 'heic')],
  ['HEIC', ftyp('mif1', 'heic')],
  ['HEIC', ftyp('hevc', 'msf1')],
  ['Canon RAW', ftyp('crx ', 'crx ', 'isom')],
  ['JPEG 2000', hex('0000000c 6a502020 0d0a870a')],
  ['JPEG 2000', hex('ff4fff51 0029')],
  ['JPEG XL', hex('0000000c 4a584c20 0d0a870a')],
  ['JPEG XL', hex('ff0a fa1f')],
  ['BMP', Buffer.concat([Buffer.from('BM'), hex('36000300 00000000 36000000 28000000'), Buffer.alloc(40)])],
  ['ICO', Buffer.concat([hex('00000100 0100 1010'), Buffer.alloc(40)])],
  ['PSD', Buffer.from('8BPS\0\x01')],
  ['BigTIFF', hex('49492b0008000000')],
  ['OpenEXR', hex('762f310102000000')],
  ['PNM', Buffer.from('P6\n640 480\n255\n')],
  ['PNM', Buffer.from('P5 # by a scanner\n640 480')],
  ['SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')],
  ['SVG', Buffer.from('\uFEFF<?xml version="1.0"?>\n<!-- drawn -->\n<svg/>')],
  ['PDF', Buffer.from('%PDF-1.7')]
]

for (const [i, [name, bytes]] of UNREAD.entries()) {
  test(`${name} is refused by its name (${i})`, () => {
    assert.deepEqual([sniffFormat(bytes), unreadFormat(bytes), isImage(bytes)], [null, name, true])
    assert.equal(whyNotRead(bytes), `${name} images are not read; convert them to JPEG or PNG.`)
  })
}

test('what is no image is not called one', () => {
  const others = [
    '',
    'BM is short for benchmark, which this text is about',
    'P1 is urgent',
    'PDF',
    '<svgs>',
    'RIFF\0\0\0\0AVI '
  ]
  const bytes = [
    ...others.map((text) => Buffer.from(text)),
    hex('ff'),
    hex('ffd8'),
    ftyp('isom', 'mp42'),
    hex('0000000066747970')
  ]
  for (const one of bytes) {
    assert.deepEqual([sniffFormat(one), unreadFormat(one)], [null, null], one.toString('latin1'))
    assert.match(whyNotRead(one), /^The bytes are no JPEG, PNG, WebP, AVIF, TIFF or GIF\.$/)
  }
})
