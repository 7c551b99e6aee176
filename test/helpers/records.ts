/** Records as workers leave them behind, for tests of those who read them. */
import type { PrototypeImages } from '../../src/base/exemplars.ts'
import { newId } from '../../src/base/ids.ts'
import type { Checkpoint } from '../../src/domain/checkpoint.ts'
import type { DatasetVersion } from '../../src/domain/dataset.ts'
import type { Model, NewModel, Prototype } from '../../src/domain/model.ts'
import type { ObjectStore } from '../../src/domain/ports.ts'
import type { Stores } from '../../src/domain/stores.ts'

const AT = new Date(Date.UTC(2026, 0, 1))
const SHA = 'a'.repeat(64)

/** A dataset with one ready version of `images` images in two shards, its index and rejected files included. */
export async function aReadyVersion(
  { stores, objects }: { readonly stores: Stores; readonly objects: ObjectStore },
  projectId: string,
  images = 500
): Promise<DatasetVersion> {
  const datasetId = newId('dataset')
  await stores.datasets.insert({
    id: datasetId,
    projectId,
    name: 'shoes',
    metadata: {},
    latestVersion: null,
    createdAt: AT
  })
  const version = await stores.datasets.insertVersion(
    {
      datasetId,
      projectId,
      status: 'queued',
      source: { type: 's3', prefix: 'shoes/' },
      images,
      bytes: images * 10,
      rejected: 2,
      duplicates: 1,
      classes: ['left', 'right'],
      contentHash: SHA,
      report: null,
      sizes: { '28×28': images },
      progress: { images, rejected: 2 },
      error: null,
      createdAt: AT,
      readyAt: AT
    },
    (number) => `datasets/${datasetId}/v${number}`
  )
  await stores.datasets.updateVersion(datasetId, version.version, { status: 'ready' })
  const half = Math.ceil(images / 2)
  const record = (i: number) =>
    JSON.stringify({
      name: `bild-ä-${i}.png`,
      format: 'png',
      width: 28,
      height: 28,
      channels: 1,
      offset: (i % half) * 10,
      bytes: 10,
      label: i % 2,
      sha256: SHA
    })
  const lines = Array.from({ length: images }, (_, i) => record(i))
  const put = (name: string, text: string) => objects.put(`${version.prefix}/${name}`, Buffer.from(text))
  await put('shard-00000.jsonl', `${lines.slice(0, half).join('\n')}\n`)
  await put('shard-00001.jsonl', `${lines.slice(half).join('\n')}\n`)
  await put(
    'manifest.json',
    JSON.stringify({
      shards: [
        { name: 'shard-00000.bin', index: 'shard-00000.jsonl', images: half },
        { name: 'shard-00001.bin', index: 'shard-00001.jsonl', images: images - half }
      ]
    })
  )
  await put('shard-00000.bin', lines.slice(0, half).map(contentOf).join(''))
  await put(
    'shard-00001.bin',
    lines
      .slice(half)
      .map((_, i) => contentOf(_, half + i))
      .join('')
  )
  const rejected = ['a.txt', 'b.txt'].map((name) =>
    JSON.stringify({ name, code: 'image_invalid', message: 'no image' })
  )
  await put('rejected.jsonl', `${rejected.join('\n')}\n`)
  return { ...version, status: 'ready' }
}

/** Stands for the bytes of an image; ten of them. */
const contentOf = (_: unknown, index: number): string => `image ${String(index).padStart(4, '0')}`

/** Prototypes 0, 1, … that win images, each one more than the one before. */
const somePrototypeImages = (count: number): PrototypeImages[] =>
  Array.from({ length: count }, (_, prototype) => ({
    prototype,
    usage: prototype + 1,
    exemplars: [{ index: prototype, probability: 0.9, cosine: 0.8 }],
    labels: [{ label: 'left', images: prototype + 1 }]
  }))

/** What a worker says of an evaluation's prototypes when it has seen them. */
export async function seePrototypes(
  { evaluations }: Pick<Stores, 'evaluations'>,
  evaluation: { readonly id: string; readonly projectId: string },
  count = 3
): Promise<void> {
  const prototypes = { posterior: 'teacher', images: 6, prototypes: count + 1, used: count }
  await evaluations.insertPrototypes(evaluation, somePrototypeImages(count))
  await evaluations.update(evaluation.id, { prototypes })
}

export const aCheckpoint = (runId: string, projectId: string): Checkpoint => ({
  id: newId('checkpoint'),
  projectId,
  runId,
  step: 10,
  epoch: 1,
  leaseEpoch: 1,
  prefix: `runs/${runId}/e1/s10`,
  files: [{ name: 'teacher.safetensors', bytes: 10, sha256: SHA }],
  bytes: 10,
  stateHash: SHA,
  status: 'complete',
  keep: false,
  metrics: { loss: 4.5 },
  createdAt: AT
})

/** A model that answers, with three prototypes. */
export async function aReadyModel(stores: Stores, projectId: string, patch: Partial<Model> = {}): Promise<Model> {
  const id = newId('model')
  const model: NewModel = {
    id,
    projectId,
    name: 'shoes',
    runId: null,
    checkpointId: null,
    importedFrom: null,
    metadata: {},
    step: 10,
    status: 'ready',
    config: {
      method: 'dino-vmf',
      arch: 'vit_nano',
      patchSize: 4,
      imageSize: 28,
      channels: 1,
      preprocessing: { resize: 'shorter_side', side: 28, interpolation: 'bicubic', crop: 28 },
      embeddingDim: 8,
      precisions: { int8: { images: 21, minCosine: 0.99, meanCosine: 0.995, recallAt10: 0.9 } },
      bottleneckDim: 64,
      prototypes: 3,
      temperature: 0.04,
      centering: 'probability',
      posterior: 'teacher'
    },
    prefix: `models/${id}`,
    files: [{ name: 'embed.onnx', bytes: 5, sha256: SHA }],
    verification: { images: 64, maxAbsError: 1e-6, minCosine: 0.999999 },
    mixture: {
      posterior: 'teacher',
      images: 21,
      used: 2,
      unique: 2,
      topShare: 2 / 3,
      alarm: null,
      fitted: {
        images: 19,
        heldOutImages: 2,
        components: 2,
        dropped: 0,
        iterations: 12,
        hasConverged: true,
        heldOutLogLikelihood: 170,
        uniformLogLikelihood: 40
      }
    },
    error: null,
    createdAt: AT,
    readyAt: AT,
    ...patch
  }
  const inserted = await stores.models.insert(model)
  await stores.prototypes.replaceAll(
    id,
    [0, 1, 2].map((index) => aPrototype(id, index))
  )
  return inserted
}

const aPrototype = (modelId: string, index: number): Prototype => ({
  modelId,
  index,
  kappa: 20 + 10 * index,
  logNormalizer: 100 - index,
  usage: index === 0 ? null : index * 7,
  meanProbability: 0.3,
  nearest: [{ prototype: (index + 1) % 3, cosine: 0.2 }],
  duplicatesOf: null,
  fitted: index === 0 ? null : aFittedComponent(index)
})

/** Of prototypes that have images. */
const aFittedComponent = (index: number) => ({
  weight: 0.5,
  kappa: 1000 * index,
  kappaInterval: [900 * index, 1050 * index] as const,
  resultantLength: 0.95,
  usage: 7 * index,
  meanCosine: 0.94,
  angleDegrees: { p5: 8, p50: 20, p95: 31 }
})

/** ViT-S/16, which is looked at before what reads weights is queued. */
export async function aNetworkOf(objects: Pick<ObjectStore, 'put'>, { prefix }: Model): Promise<void> {
  const network = { dim: 384, depth: 12, heads: 6, mlpRatio: 4, patchSize: 16, channels: 3, imageSize: 224 }
  const config = { format: 'kappa-model/1', network, recipe: null, imageSize: 224 }
  await objects.put(`${prefix}/config.json`, Buffer.from(JSON.stringify(config)))
}
