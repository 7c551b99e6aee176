import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { mapVectors } from '../../../src/serving/map-vectors.ts'

interface Row {
  readonly vector: readonly number[]
  readonly label: string | null
  readonly prototype: number | null
  readonly log_density: number | null
}

async function mapOf(t: TestContext, rows: readonly Row[]) {
  const folder = await mkdtemp(join(tmpdir(), 'kappa-map-'))
  t.after(() => rm(folder, { recursive: true }))
  const paths = { vectorsPath: join(folder, 'v'), imagesPath: join(folder, 'i'), mapPath: join(folder, 'm') }
  await writeFile(paths.vectorsPath, new Uint8Array(Float32Array.from(rows.flatMap(({ vector }) => vector)).buffer))
  await writeFile(paths.imagesPath, rows.map(({ vector: _, ...known }) => `${JSON.stringify(known)}\n`).join(''))
  await mapVectors({ ...paths, dimensions: rows[0]!.vector.length, every: 3 })
  return JSON.parse(await readFile(paths.mapPath, 'utf8'))
}

const nothing = { label: null, prototype: null, log_density: null }

test('what the map shows of the spread is true of all points', async (t) => {
  // Variances of 8, 2 and 0.5: the first two axes show 10 of 10.5.
  const vectors = [
    [4, 0, 0],
    [-4, 0, 0],
    [0, 2, 0],
    [0, -2, 0],
    [0, 0, 1],
    [0, 0, -1]
  ]
  const map = await mapOf(
    t,
    vectors.map((vector) => ({ vector, ...nothing }))
  )
  assert.deepEqual([map.images, map.every, map.fitted_on, map.method], [6, 3, 6, 'pca'])
  assert.ok(Math.abs(map.explained[0] - 32 / 42) < 1e-9, String(map.explained))
  assert.ok(Math.abs(map.explained[1] - 8 / 42) < 1e-9, String(map.explained))
  assert.deepEqual(map.x.map(Math.abs), [4, 4, 0, 0, 0, 0])
  assert.deepEqual(map.y.map(Math.abs), [0, 0, 2, 2, 0, 0])
})

test('labels are numbers of a list, and what no image has is no column', async (t) => {
  const map = await mapOf(t, [
    { vector: [1, 0], label: 'boot', prototype: 4, log_density: null },
    { vector: [0, 1], label: null, prototype: 2, log_density: null },
    { vector: [1, 1], label: 'bag', prototype: 4, log_density: null },
    { vector: [0, 0], label: 'boot', prototype: 4, log_density: null }
  ])
  assert.deepEqual(
    [map.labels, map.label],
    [
      ['boot', 'bag'],
      [0, null, 1, 0]
    ]
  )
  assert.deepEqual([map.prototype, map.log_density], [[4, 2, 4, 4], null])
})

test('vectors that are all the same explain nothing', async (t) => {
  const map = await mapOf(
    t,
    Array.from({ length: 3 }, () => ({ vector: [0.5, 0.5], ...nothing }))
  )
  assert.deepEqual(
    [map.explained, map.x, map.y],
    [
      [0, 0],
      [0, 0, 0],
      [0, 0, 0]
    ].map((one) => one.map(Math.abs))
  )
})
