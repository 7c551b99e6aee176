/** Datasets, uploads and versions on a workbench, and ingests by the scripted ingester. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, afterEach } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import { newId } from '../../../src/base/ids.ts'
import type { DatasetSource } from '../../../src/domain/dataset.ts'
import { createIngestService } from '../../../src/services/datasets/ingests.ts'
import { createIngestDataset } from '../../../src/tasks/ingest-dataset.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { createWorkbench, type Workbench } from './workbench.ts'

export const skip = await whyNoPostgres()

export const running = () => new AbortController().signal

interface VersionName {
  readonly datasetId: string
  readonly version: number
}

function recordsOn(bench: Workbench) {
  async function aDataset(): Promise<string> {
    const id = newId('dataset')
    const dataset = {
      id,
      projectId: bench.project.id,
      name: 'd',
      metadata: {},
      latestVersion: null,
      createdAt: new Date()
    }
    await bench.stores.datasets.insert(dataset)
    return id
  }

  async function anUpload(datasetId: string, content: string, status: 'completed' | 'pending' = 'completed') {
    const id = newId('upload')
    const objectKey = `uploads/${datasetId}/${id}/images.zip`
    bench.objects.content.set(objectKey, Buffer.from(content))
    await bench.stores.datasets.insertUpload({
      id,
      projectId: bench.project.id,
      datasetId,
      filename: 'images.zip',
      bytes: content.length,
      status,
      objectKey,
      multipartId: 'm',
      partBytes: 5,
      createdAt: new Date(),
      expiresAt: new Date()
    })
    return id
  }

  async function aVersion(datasetId: string, source: DatasetSource) {
    const version = await bench.stores.datasets.insertVersion(
      {
        datasetId,
        projectId: bench.project.id,
        status: 'queued',
        source,
        images: 0,
        bytes: 0,
        rejected: 0,
        duplicates: 0,
        classes: null,
        contentHash: null,
        sizes: {},
        report: null,
        progress: { images: 0, rejected: 0 },
        error: null,
        createdAt: new Date(),
        readyAt: null
      },
      (number) => `datasets/${datasetId}/v${number}`
    )
    return { datasetId, version: version.version }
  }

  const fromUpload = async (content: string) => {
    const datasetId = await aDataset()
    return aVersion(datasetId, { type: 'upload', uploads: [await anUpload(datasetId, content)], classes: ['a', 'b'] })
  }

  const load = ({ datasetId, version }: VersionName) => bench.stores.datasets.loadVersion(datasetId, version)
  const keysOf = ({ datasetId }: VersionName) =>
    [...bench.objects.content.keys()].filter((key) => key.startsWith(`datasets/${datasetId}/`))
  return { aDataset, anUpload, aVersion, fromUpload, load, keysOf }
}

/** @returns what a test file makes versions with; nothing where every test of it is skipped */
export async function ingestBench() {
  if (skip !== false) return {} as never
  const bench = await createWorkbench({ after })
  afterEach(() => {
    assert.deepEqual(bench.leftovers(), [], 'no temporary folder is left')
    bench.objects.intercept = () => {}
  })
  const ingest = (patch: Partial<Parameters<typeof createIngestDataset>[0]> = {}) =>
    createIngestDataset({
      ...bench.shared(),
      ingests: createIngestService({ unitOfWork: bench.unitOfWork, clock: systemClock, worker: 'a worker' }),
      entry: join(import.meta.dirname, '../../helpers/fake-ingester.ts'),
      limits: {},
      maxSourceBytes: 1e6,
      ...patch
    })
  return { bench, ingest, ...recordsOn(bench) }
}
