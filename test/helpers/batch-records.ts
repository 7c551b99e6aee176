/** Batches and their files as requests leave them behind. */
import { createHash } from 'node:crypto'
import { newId } from '../../src/base/ids.ts'
import { LineCounter } from '../../src/base/json-lines.ts'
import { type Batch, expiresAfter } from '../../src/domain/batch.ts'
import { fileKey, type StoredRequests } from '../../src/domain/file.ts'
import type { Model } from '../../src/domain/model.ts'
import type { ObjectStore } from '../../src/domain/ports.ts'
import type { Stores } from '../../src/domain/stores.ts'

const AT = new Date(Date.UTC(2026, 0, 1))

/** As somebody has uploaded it. */
export async function aRequestFile(
  { stores, objects }: { readonly stores: Pick<Stores, 'files'>; readonly objects: Pick<ObjectStore, 'put'> },
  projectId: string,
  text = '{}'
): Promise<StoredRequests> {
  const bytes = Buffer.from(text)
  const counter = new LineCounter()
  counter.add(bytes)
  counter.end()
  const file: StoredRequests = {
    ...{ id: newId('file'), projectId, purpose: 'batch', filename: 'requests.jsonl' },
    ...{ bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex'), lines: counter.lines },
    createdAt: AT
  }
  await objects.put(fileKey(file.id), bytes)
  await stores.files.insert(file)
  return file
}

/** Queued, of ten lines, for a day from now. */
export async function aBatch(
  stores: Pick<Stores, 'batches'>,
  model: Pick<Model, 'id' | 'projectId'>,
  patch: Partial<Batch> = {}
): Promise<Batch> {
  const batch: Batch = {
    id: newId('batch'),
    projectId: model.projectId,
    endpoint: '/v1/embeddings',
    inputFileId: newId('file'),
    modelId: model.id,
    modelName: model.id,
    window: '24h',
    metadata: {},
    status: 'validating',
    attempt: 0,
    counts: { total: 10, completed: 0, failed: 0, images: 0 },
    expectedBytes: 1000,
    outputFileId: null,
    errorFileId: null,
    error: null,
    createdAt: AT,
    expiresAt: expiresAfter(new Date(), '24h'),
    startedAt: null,
    finalizingAt: null,
    cancellingAt: null,
    finishedAt: null,
    ...patch
  }
  await stores.batches.insert(batch)
  return batch
}
