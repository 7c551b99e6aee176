/** Ingests as tests call them: uploads by name and bytes, and what came of them. */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ErrorCode, isAppError } from '../../../src/base/errors.ts'
import { openDatasetFolder } from '../../../src/images/dataset-folder.ts'
import { ingest } from '../../../src/images/ingest.ts'
import type { RejectedRecord } from '../../../src/protocol/dataset-manifest.ts'
import type { IngestProgress, IngestRequest } from '../../../src/protocol/ingest-messages.ts'
import type { PackedFile } from '../../helpers/archives.ts'
import { drawImage, encodeImage, withTemporaryFolder } from '../../helpers/images.ts'

export const size = { width: 12, height: 10, channels: 3 } as const
export const png = (variant: number) => encodeImage(drawImage(size, variant), 'png')

interface Ingested {
  readonly manifest: Awaited<ReturnType<typeof ingest>>
  readonly images: readonly { name: string; label: number | null; format: string }[]
  readonly rejected: readonly RejectedRecord[]
  readonly progress: readonly IngestProgress[]
}

/** Ingests uploads given as [name, bytes]. */
export async function ingestFiles(
  uploads: readonly (readonly [name: string, bytes: Uint8Array])[],
  options: Partial<IngestRequest> = {}
): Promise<Ingested> {
  return withTemporaryFolder(async (folder) => {
    const sources = uploads.map(([name], i) => ({ kind: 'file' as const, path: join(folder, `upload-${i}`), name }))
    for (const [i, [, bytes]] of uploads.entries()) await writeFile(sources[i]!.path, bytes)
    return read({ sources, outFolder: join(folder, 'out'), ...options })
  })
}

export async function read(request: IngestRequest): Promise<Ingested> {
  const progress: IngestProgress[] = []
  const manifest = await ingest(request, (event) => progress.push(event))
  const dataset = await openDatasetFolder(request.outFolder)
  await dataset.close()
  const lines = await readFile(join(request.outFolder, 'rejected.jsonl'), 'utf8')
  const rejected = lines.split('\n').filter(Boolean)
  const images = dataset.records.map(({ name, label, format }) => ({ name, label, format }))
  return { manifest, images, rejected: rejected.map((line) => JSON.parse(line)), progress }
}

export const failsWith = (code: ErrorCode, pattern: RegExp) => (error: unknown) => {
  assert.ok(isAppError(error, code), String(error))
  assert.match(error.message, pattern)
  return true
}

export const classFolders = async (): Promise<PackedFile[]> => [
  { name: 'photos/dogs/1.png', content: await png(1) },
  { name: 'photos/cats/1.jpg', content: await encodeImage(drawImage(size, 2), 'jpeg') },
  { name: 'photos/cats/2.webp', content: await encodeImage(drawImage(size, 3), 'webp') },
  { name: 'photos/birds/1.tiff', content: await encodeImage(drawImage(size, 4), 'tiff') },
  { name: 'photos/birds/1.gif', content: await encodeImage(drawImage(size, 5), 'gif') }
]
