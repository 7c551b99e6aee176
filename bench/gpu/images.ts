/** Packs every so many-th image of an archive, every class alike: images.ts ARCHIVE FOLDER EVERY. */
import { basename, resolve } from 'node:path'
import { ingest } from '../../src/images/ingest.ts'

const [archive, folder] = process.argv.slice(2, 4).map((path) => resolve(path)) as [string, string]
const { images, bytes } = await ingest({
  sources: [{ kind: 'file', path: archive, name: basename(archive) }],
  outFolder: folder,
  select: { every: Number(process.argv[4]), offset: 0, invert: false }
})
console.log(`${images} images of ${bytes} bytes`)
