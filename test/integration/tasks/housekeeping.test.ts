/** How objects go: what was deleted with a store that is away, hangs or keeps something, and what nobody ever owned. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { AppError } from '../../../src/base/errors.ts'
import { newId } from '../../../src/base/ids.ts'
import { silentLogger } from '../../../src/base/log.ts'
import type { Upload } from '../../../src/domain/dataset.ts'
import { collectUnowned } from '../../../src/services/removals/collection.ts'
import { createRemovalService } from '../../../src/services/removals/removals.ts'
import { type FakeClock, fakeClock, settle } from '../../helpers/fake-clock.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { createWorkbench, ONE_CPU } from './workbench.ts'

const skip = await whyNoPostgres()
const clock: FakeClock = fakeClock()
const bench = skip
  ? (undefined as unknown as Awaited<ReturnType<typeof createWorkbench>>)
  : await createWorkbench({ after }, clock)
const HOUR_MS = 3600_000

const put = (...keys: string[]) => {
  for (const key of keys) bench.objects.content.set(key, Buffer.from('content'))
}
const keysBelow = (prefix: string) => [...bench.objects.content.keys()].filter((key) => key.startsWith(prefix)).sort()
const forget = (name: string) =>
  bench.stores.removals.add(
    [{ projectId: bench.project.id, what: 'model', subject: name, prefix: `models/${name}/`, multipartId: null }],
    new Date(clock.now())
  )
const service = (delayMs = 0) => {
  const { unitOfWork, stores, objects } = bench
  return createRemovalService({ unitOfWork, stores, objects, clock, logger: silentLogger, delayMs })
}
const running = () => new AbortController().signal
/** Those that are left, whether they are due or not. */
const waiting = () =>
  bench.unitOfWork((tx) => {
    const end = new Date(clock.now() + 1e9)
    return tx.removals.claim({ now: end, writtenBy: end, heldUntil: new Date(0) }, 100)
  })

test('a store that is away delays a removal, for longer each time, and nothing more', { skip }, async () => {
  put('models/mdl_a/config.json', 'models/mdl_a/embed.onnx', 'models/mdl_ab/config.json')
  await forget('mdl_a')
  let tries = 0
  bench.objects.intercept = (operation) => {
    if (operation !== 'removePrefix') return
    tries++
    throw new AppError('storage_unavailable')
  }
  const seen: number[] = []
  for (let s = 0; s < 120; s += 5) {
    await service().sweep(running())
    if (seen.length < tries) seen.push(s)
    await clock.advance(5000)
  }
  assert.deepEqual(seen, [0, 10, 30, 70], 'waits double: 10, 20, 40 s')
  bench.objects.intercept = () => {}
  assert.equal(keysBelow('models/mdl_a/').length, 2)
  await clock.advance(HOUR_MS)
  await service().sweep(running())
  assert.deepEqual(keysBelow('models/'), ['models/mdl_ab/config.json'], 'and nothing of what is called alike')
  assert.deepEqual(await waiting(), [])
})

test('objects stay for as long as a backup may take, and waits between tries do not grow by it', { skip }, async () => {
  put('models/mdl_late/1')
  await forget('mdl_late')
  await clock.advance(HOUR_MS - 1000)
  await service(HOUR_MS).sweep(running())
  assert.deepEqual(keysBelow('models/mdl_late/'), ['models/mdl_late/1'])
  bench.objects.intercept = (operation) => {
    if (operation === 'removePrefix') throw new AppError('storage_unavailable')
  }
  await clock.advance(1000)
  await service(HOUR_MS).sweep(running())
  bench.objects.intercept = () => {}
  await clock.advance(10_000)
  await service(HOUR_MS).sweep(running())
  assert.deepEqual(keysBelow('models/mdl_late/'), [])
})

test('what is removed half is gone on with, and its row stays until nothing is left', { skip }, async () => {
  put('models/mdl_b/1', 'models/mdl_b/2')
  await forget('mdl_b')
  const { removePrefix } = bench.objects
  bench.objects.removePrefix = async () => void bench.objects.content.delete('models/mdl_b/1')
  await service().sweep(running())
  bench.objects.removePrefix = removePrefix
  assert.equal((await waiting()).length, 1)
  await service().sweep(running())
  assert.deepEqual(keysBelow('models/mdl_b/'), [])
  assert.deepEqual(await waiting(), [])
})

test('a store that never answers keeps nobody waiting for longer than five minutes', { skip }, async () => {
  put('models/mdl_c/1', 'models/mdl_d/1')
  await forget('mdl_c')
  await forget('mdl_d')
  bench.objects.intercept = (operation, key) =>
    operation === 'removePrefix' && key.includes('mdl_c') ? new Promise<void>(() => {}) : undefined
  let isSwept = false
  const swept = service()
    .sweep(running())
    .finally(() => {
      isSwept = true
    })
  // Whichever of the two comes first.
  while (!isSwept) await (clock.isAwaited() ? clock.advance(HOUR_MS / 12) : settle())
  await swept
  bench.objects.intercept = () => {}
  assert.deepEqual(keysBelow('models/mdl_d/'), [])
  assert.deepEqual(keysBelow('models/mdl_c/'), ['models/mdl_c/1'])
  bench.objects.intercept = () => new Promise<void>(() => {})
  await clock.advance(HOUR_MS)
  const ending = new AbortController()
  const cut = service().sweep(ending.signal)
  setTimeout(() => ending.abort(), 200)
  await cut // a worker that ends waits for nothing
  bench.objects.intercept = () => {}
  await clock.advance(HOUR_MS)
  await service().sweep(running())
  assert.deepEqual(keysBelow('models/mdl_c/'), [])
})

test('two workers at once share the work and trip over nothing, nor over what is deleted meanwhile', {
  skip
}, async () => {
  const names = Array.from({ length: 40 }, (_, i) => `mdl_e${i}`)
  put(...names.map((name) => `models/${name}/1`))
  await Promise.all(names.map(forget))
  await Promise.all([service().sweep(running()), service().sweep(running()), ...names.slice(30).map(forget)])
  await service().sweep(running())
  assert.deepEqual(keysBelow('models/mdl_e'), [])
  assert.deepEqual(await waiting(), [])
})

const anUpload = (patch: Partial<Upload>): Upload => {
  const id = newId('upload')
  const at = clock.now()
  return {
    id,
    projectId: bench.project.id,
    datasetId: null,
    filename: 'weights.pth',
    bytes: 7,
    status: 'pending',
    objectKey: `uploads/weights/${id}/weights.pth`,
    multipartId: `parts of ${id}`,
    partBytes: 7,
    createdAt: new Date(at),
    expiresAt: new Date(at + 24 * HOUR_MS),
    ...patch
  }
}

test('uploads that were never completed expire, with their parts; those that were stay', { skip }, async () => {
  const [begun, whole] = [anUpload({}), anUpload({ status: 'completed' })]
  for (const one of [begun, whole]) await bench.stores.datasets.insertUpload(one)
  put(whole.objectKey)
  const aborted: string[] = []
  bench.objects.abortUpload = async (key, id) => void aborted.push(`${key} ${id}`)
  await clock.advance(24 * HOUR_MS)
  await service().sweep(running())
  assert.deepEqual(aborted, [], 'one that is completed in its last minute is left in peace')
  await clock.advance(HOUR_MS + 1)
  await service().sweep(running())
  assert.deepEqual(aborted, [`${begun.objectKey} ${begun.multipartId}`])
  assert.equal(await bench.stores.datasets.findUpload(bench.project.id, begun.id), null)
  assert.equal((await bench.stores.datasets.findUpload(bench.project.id, whole.id))?.status, 'completed')
  assert.deepEqual(keysBelow('uploads/'), [whole.objectKey])
})

const collect = (removes: boolean) => {
  const found: string[] = []
  const { stores, objects } = bench
  const options = {
    graceMs: 24 * HOUR_MS,
    removes,
    onFound: ({ prefix }: { prefix: string }) => void found.push(prefix)
  }
  return collectUnowned({ stores, objects, clock }, options).then((collected) => ({ ...collected, found }))
}

test("what is collected is old and nobody's: what a worker is about to commit stays, however old", {
  skip
}, async () => {
  bench.objects.content.clear()
  bench.objects.modifiedAt = new Date(clock.now() - 25 * HOUR_MS)
  const run = await bench.addRun({})
  const { lease } = (await bench.legs.claim(run.id, { worker: 'w', machine: ONE_CPU }))!
  const here = `runs/${run.id}/e${lease.epoch}`
  const upload = anUpload({ status: 'completed' })
  await bench.stores.datasets.insertUpload(upload)
  const owned = [...keysBelow('datasets/'), `${here}/s10/state.json`, upload.objectKey]
  const lost = [
    `datasets/${run.datasetId}/v2/manifest.json`,
    'datasets/ds_gone/v1/manifest.json',
    'evaluations/eval_gone/linear-1-a',
    'models/mdl_gone/config.json',
    'models/mdl_gone/embed.onnx',
    `runs/${run.id}/e0/s5/state.json`,
    'runs/run_gone/e1/s5/state.json',
    'uploads/weights/up_gone/weights.pth'
  ]
  const others = ['shoes/1.png', 'runs/README']
  put(...owned, ...lost, ...others)
  const dry = await collect(false)
  assert.deepEqual([dry.objects, dry.bytes, dry.prefixes, dry.strangers], [8, 56, 7, 1])
  assert.equal(bench.objects.content.size, owned.length + lost.length + others.length, 'nothing was removed')
  const real = await collect(true)
  assert.deepEqual(real.found, dry.found)
  assert.deepEqual([...bench.objects.content.keys()].sort(), [...owned, ...others].sort())
  assert.equal((await collect(true)).objects, 0)

  // The worker commits what it had waited with; another, once it has the run, leaves nothing of the first.
  const files = [{ name: 'state.json', bytes: 7, sha256: 'a' }]
  const uploaded = {
    id: newId('checkpoint'),
    step: 10,
    epoch: 1,
    prefix: `${here}/s10`,
    files,
    stateHash: 'a',
    metrics: {}
  }
  await bench.records.commitCheckpoint(lease, uploaded)
  put(`${here}/s20/state.json`)
  await bench.legs.settle(lease, { type: 'interrupted', reason: 'preempted', message: 'drained' })
  await collect(true)
  assert.deepEqual(keysBelow(`runs/${run.id}/`), [`${here}/s10/state.json`])
  await bench.stores.checkpoints.markDeleted(uploaded.id)
  await collect(true)
  assert.deepEqual(keysBelow(`runs/${run.id}/`), [])
})

test('what is younger than the grace stays, and so does what lies beside it', { skip }, async () => {
  bench.objects.content.clear()
  put('models/mdl_new/a', 'models/mdl_new/b')
  const { list } = bench.objects
  bench.objects.list = async function* (prefix) {
    for await (const one of list(prefix)) {
      const hours = one.key.endsWith('a') ? 23 : 48
      yield { ...one, modifiedAt: new Date(clock.now() - hours * HOUR_MS) }
    }
  }
  assert.equal((await collect(true)).objects, 0)
  bench.objects.list = list
  assert.equal(bench.objects.content.size, 2)
})

test('uploads that no record stands for are given up, those of others are let be', { skip }, async () => {
  const upload = anUpload({})
  await bench.stores.datasets.insertUpload(upload)
  const old = new Date(clock.now() - 25 * HOUR_MS)
  const aborted: string[] = []
  bench.objects.abortUpload = async (_, id) => void aborted.push(id)
  bench.objects.listUploads = async () => [
    { key: upload.objectKey, multipartId: upload.multipartId, startedAt: old },
    { key: 'runs/run_1/e1/s1/state.json', multipartId: 'lost', startedAt: old },
    { key: 'runs/run_1/e1/s2/state.json', multipartId: 'young', startedAt: new Date(clock.now()) },
    { key: 'shoes/1.png', multipartId: 'not ours', startedAt: old }
  ]
  assert.equal((await collect(false)).uploads, 1)
  assert.deepEqual(aborted, [])
  assert.equal((await collect(true)).uploads, 1)
  assert.deepEqual(aborted, ['lost'])
  bench.objects.listUploads = async () => null
  assert.equal((await collect(true)).uploads, null)
  await settle()
})
