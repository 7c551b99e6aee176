/** Vector sets as workers leave them behind. */
import { createHash } from 'node:crypto'
import { newId } from '../../src/base/ids.ts'
import type { Model } from '../../src/domain/model.ts'
import type { ObjectStore } from '../../src/domain/ports.ts'
import type { Stores, UnitOfWork } from '../../src/domain/stores.ts'
import type { VectorRow, VectorSet } from '../../src/domain/vector-set.ts'

const AT = new Date(Date.UTC(2026, 0, 1))

/** What images of a vector set point to: each another way, and neighbours alike. */
export function aVectorRow(index: number, dimensions: number): VectorRow {
  const raw = Array.from({ length: dimensions }, (_, axis) => Math.cos(0.3 * index * (axis + 1)))
  const length = Math.hypot(...raw)
  return {
    index,
    name: `bild-ä-${index}.png`,
    label: index % 2 === 0 ? 'left' : 'right',
    prototype: index % 3,
    probability: 0.5,
    logDensity: 10 + index,
    vector: raw.map((value) => value / length)
  }
}

/** One that nobody has given a label. */
export const anUnlabelledRow = (index: number, dimensions: number): VectorRow => ({
  ...aVectorRow(index, dimensions),
  label: null
})

const MAP = Buffer.from(
  JSON.stringify({
    ...{ method: 'pca', images: 2, every: 1, fitted_on: 2, explained: [1, 0], labels: ['left'] },
    ...{ label: [0, null], prototype: [1, 2], log_density: null, x: [-1, 1], y: [0, 0] }
  })
)

/** A vector set with the map that a worker makes, in the object store. */
export async function aMappedSet(
  scope: Parameters<typeof aVectorSet>[0] & { readonly objects: Pick<ObjectStore, 'put'> },
  model: Pick<Model, 'id' | 'projectId'>,
  datasetId: string
): Promise<VectorSet> {
  const sha256 = createHash('sha256').update(MAP).digest('hex')
  const set = await aVectorSet(scope, model, datasetId, { files: [{ name: 'map.json', bytes: MAP.length, sha256 }] })
  await scope.objects.put(`vectors/${set.id}/map.json`, MAP)
  return set
}

/** As a worker leaves it: of twelve images, that can be searched. */
export async function aVectorSet(
  { stores, unitOfWork }: { readonly stores: Stores; readonly unitOfWork: UnitOfWork },
  model: Pick<Model, 'id' | 'projectId'>,
  datasetId: string,
  patch: Partial<VectorSet> = {},
  rowOf: (index: number, dimensions: number) => VectorRow = aVectorRow
): Promise<VectorSet> {
  const images = 12
  const set: VectorSet = {
    id: newId('vectorSet'),
    projectId: model.projectId,
    name: null,
    modelId: model.id,
    dataset: { datasetId, version: 1 },
    dimensions: 8,
    prototypes: 3,
    index: 'scan',
    metadata: {},
    status: 'succeeded',
    attempt: 1,
    progress: { images, totalImages: images, indexed: images },
    files: [],
    error: null,
    createdAt: AT,
    startedAt: AT,
    finishedAt: AT,
    ...patch
  }
  await stores.vectorSets.insert(set)
  const { index } = set
  if (index !== null) {
    const searched = { ...set, index }
    const rows = Array.from({ length: images }, (_, i) => rowOf(i, set.dimensions))
    await unitOfWork(async (tx) => {
      await tx.vectors.create(searched)
      await tx.vectors.add(searched, rows)
    })
  }
  return set
}
