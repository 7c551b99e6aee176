/** The real ingester on sources that are larger than the memory it may take, one of every kind. */
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import sharp from 'sharp'
import type { IngestMessage, IngestRequest } from '../../../src/protocol/ingest-messages.ts'
import {
  gzipOf,
  type HostileFile,
  hostileTar,
  hostileZip,
  type Piece,
  writePieces,
  zerosIdx
} from '../../helpers/hostile-sources.ts'
import { drawImage, encodeImage, withTemporaryFolder } from '../../helpers/images.ts'

/**
 * Node and libvips take 110 MB before the first image. Files of twice the image limit may be held, 100 MB here, and as
 * much again waits for the garbage collector; chunks, hashes and decoders are a few MB. The sources below unpack to 600 MB
 * and more.
 */
const MOST_BYTES = 350_000_000
const LARGE = 600_000_000

/** 16 MB an image. */
const SIDE = 4096
const imagesOf = (bytes: number) => zerosIdx([Math.floor(bytes / SIDE / SIDE), SIDE, SIDE])

interface Outcome {
  readonly end: string
  readonly peakBytes: number
}

const entry = new URL('../../../src/bin/ingester.ts', import.meta.url)
const report = new URL('../../helpers/report-memory.ts', import.meta.url).href

async function runIngester(request: IngestRequest): Promise<Outcome> {
  const execArgv = ['--max-old-space-size=128', '--import', report]
  const child = fork(entry, { serialization: 'advanced', stdio: ['ignore', 'pipe', 'inherit', 'ipc'], execArgv })
  let last: IngestMessage | null = null
  let printed = ''
  child.stdout?.on('data', (chunk) => {
    printed += chunk
  })
  child.on('message', (message) => {
    last = message as IngestMessage
  })
  child.send(request)
  await once(child, 'close')
  const ended = last as IngestMessage | null
  const end = ended?.type === 'failed' ? `${ended.code}: ${ended.message}` : (ended?.type ?? 'died')
  return { end, peakBytes: Number(printed) }
}

async function ingest(files: readonly HostileFile[], kind: 'file' | 'folder' = 'file'): Promise<Outcome> {
  return withTemporaryFolder(async (folder) => {
    const source = join(folder, 'source')
    for (const { name, pieces } of files) {
      const path = join(source, name)
      await mkdir(dirname(path), { recursive: true })
      await writePieces(path, pieces)
    }
    const sources =
      kind === 'folder'
        ? [{ kind, path: source, name: 'source' }]
        : files.map(({ name }) => ({ kind, path: join(source, name), name }))
    return runIngester({ sources, outFolder: join(folder, 'out') })
  })
}

const eightIdx = (wrap: (pieces: Piece[]) => Piece[] = (pieces) => pieces): HostileFile[] =>
  Array.from({ length: 8 }, (_, i) => ({ name: `part-${i}-images`, pieces: wrap(imagesOf(LARGE / 8)) }))

const photo = await encodeImage(drawImage({ width: 20, height: 20, channels: 3 }), 'jpeg')
const aPhoto: HostileFile = { name: 'photo.jpg', pieces: [photo] }
const huge: HostileFile = { name: 'huge.jpg', pieces: [photo, LARGE] }
/** 80 megapixels, 240 MB when decoded. */
const wide = await sharp({ create: { width: 10_000, height: 8000, channels: 3, background: '#777' } })
  .png()
  .toBuffer()
const images = Array.from({ length: 6 }, (_, i) => ({ name: `${i}.png`, pieces: [wide] }))
const longNames = await Promise.all(
  Array.from({ length: 60 }, async (_, i) => {
    const image = await encodeImage(drawImage({ width: 9, height: 9, channels: 3 }, i), 'png')
    return { name: `${i}/${'x'.repeat(4_000_000)}.png`, pieces: [image] }
  })
)

const SOURCES: Record<string, () => Promise<Outcome>> = {
  'an IDX file': () => ingest([{ name: 'images', pieces: imagesOf(LARGE) }]),
  'a gzipped IDX file': () => ingest([{ name: 'images.gz', pieces: gzipOf(imagesOf(LARGE)) }]),
  'IDX files in a tar': () => ingest([{ name: 'a.tar', pieces: hostileTar(eightIdx()) }]),
  'IDX files in a tar.gz': () => ingest([{ name: 'a.tar.gz', pieces: gzipOf(hostileTar(eightIdx())) }]),
  'IDX files in a zip': () => ingest([{ name: 'a.zip', pieces: hostileZip(eightIdx()) }]),
  'gzipped IDX files in a tar': () => ingest([{ name: 'a.tar', pieces: hostileTar(eightIdx(gzipOf)) }]),
  'gzipped IDX files in a zip': () => ingest([{ name: 'a.zip', pieces: hostileZip(eightIdx(gzipOf)) }]),
  'IDX files in a folder': () =>
    ingest([...eightIdx(), ...eightIdx(gzipOf).map((file) => ({ ...file, name: `${file.name}.gz` }))], 'folder'),
  'a file among images': () => ingest([aPhoto, huge]),
  'a file in a folder': () => ingest([aPhoto, huge], 'folder'),
  'an entry of a tar': () => ingest([{ name: 'a.tar', pieces: hostileTar([huge, aPhoto]) }]),
  'an entry of a tar.gz': () => ingest([{ name: 'a.tar.gz', pieces: gzipOf(hostileTar([huge, aPhoto])) }]),
  'an entry of a zip': () => ingest([{ name: 'a.zip', pieces: hostileZip([huge, aPhoto]) }]),
  'large images': () => ingest([{ name: 'a.zip', pieces: hostileZip(images) }]),
  'names of megabytes': () => ingest([{ name: 'a.tar.gz', pieces: gzipOf(hostileTar([...longNames, aPhoto])) }])
}

for (const [what, run] of Object.entries(SOURCES)) {
  test(`${what} of any size: read or passed over, and never held`, async () => {
    const { end, peakBytes } = await run()
    assert.equal(end, 'done')
    assert.ok(peakBytes > 50_000_000, `${peakBytes} bytes are not those of a process`)
    assert.ok(peakBytes < MOST_BYTES, `${peakBytes} bytes`)
  })
}
