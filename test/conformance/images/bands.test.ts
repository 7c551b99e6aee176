/** TIFFs of several bands, as Pillow and libtiff write and read them. Made by scripts/bands.py. Exact. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { bandsInfo, readBands } from '../../../src/images/tiff/bands.ts'

interface Case {
  readonly file: string
  readonly width: number
  readonly height: number
  readonly bands: number
  readonly bits: number
  readonly sha256: string
}

const golden = new URL('../golden/bands/', import.meta.url)
const cases = JSON.parse(await readFile(new URL('bands.json', golden), 'utf8')) as Case[] // the script's

test('pages and samples, 8 and 16 bits, in every compression and with differences, are what Pillow reads', async () => {
  assert.equal(cases.length, 7)
  for (const { file, sha256, ...shape } of cases) {
    const bytes = await readFile(new URL(file, golden))
    assert.deepEqual(bandsInfo(bytes), shape, file)
    const { data } = readBands(bytes)
    const little = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    assert.equal(createHash('sha256').update(little).digest('hex'), sha256, file)
  }
})
