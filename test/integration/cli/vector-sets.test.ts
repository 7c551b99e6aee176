/** `kappa vector-set` and `vector-sets` against the real API; workers are played by the tests. */
import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { digestOf } from '../../../src/base/durable-files.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyModel, aReadyVersion } from '../../helpers/records.ts'
import { anUnlabelledRow, aVectorSet } from '../../helpers/vector-records.ts'
import { createWorld, type Line, pressCtrlC, type World } from './kappa.ts'

const skip = await whyNoPostgres()
const world = skip ? (undefined as unknown as World) : await createWorld({ after })

const aModel = () => aReadyModel(world.api.stores, world.api.projectId)
const aDataset = async () => (await aReadyVersion(world.api, world.api.projectId, 12)).datasetId
const aSet = async (patch: Parameters<typeof aVectorSet>[3] = {}, rowOf?: Parameters<typeof aVectorSet>[4]) =>
  aVectorSet(world.api, await aModel(), await aDataset(), patch, rowOf)

/** A worker, which takes one that is queued as soon as the command shows it. */
function play(patch: object) {
  let isDone = false
  return {
    async onLine({ type, id, status }: Line) {
      if (type !== 'vector_set' || status !== 'queued' || isDone) return
      isDone = true
      await world.api.stores.vectorSets.update(id, { finishedAt: new Date(), ...patch })
    }
  }
}

test('a vector set is made and waited for, and one that fails says why', { skip }, async () => {
  const [model, dataset] = [await aModel(), await aDataset()]
  const words = ['vector-set', 'make', '--model', model.id, '--dataset', dataset]
  const progress = { images: 12, totalImages: 12, indexed: 12 }
  const made = await world.json(
    [...words, '--name', 'all shoes', '--no-assign'],
    play({ status: 'succeeded', progress })
  )
  assert.equal(made.code, 0, made.stdout)
  const last = made.lines.at(-1)
  assert.deepEqual(
    [last.type, last.status, last.name, last.model, last.dataset, last.images, last.prototypes],
    [...['vector_set', 'succeeded', 'all shoes', model.id, `${dataset}@1`, 12, null]]
  )
  const error = { code: 'internal', message: 'It broke.' }
  const failed = await world.json([...words, '--no-search'], play({ status: 'failed', error }))
  assert.deepEqual([failed.code, failed.lines.at(-1).error, failed.lines.at(-1).index], [1, error, null])
  const refused = await world.kappa(['vector-set', 'make', '--model', 'mdl_none', '--dataset', dataset])
  assert.equal(refused.code, 2, refused.stderr)
  assert.match(refused.stderr, /no such model/i)
})

test('Ctrl-C leaves a set being made, and says how to wait for it and how to end it', { skip }, async () => {
  const [model, dataset] = [await aModel(), await aDataset()]
  const words = ['vector-set', 'make', '--model', model.id, '--dataset', dataset]
  let isPressed = false
  const left = await world.json(words, {
    onLine() {
      if (!isPressed) setImmediate(pressCtrlC)
      isPressed = true
    }
  })
  const { id } = left.lines[0]
  assert.deepEqual([left.code, left.lines.at(-1).type], [3, 'stopped'])
  assert.match(
    left.lines.at(-1).message,
    new RegExp(`kappa vector-set wait ${id} .* kappa vector-set cancel ${id} ends`)
  )
  const waited = await world.json(['vector-set', 'wait', id], play({ status: 'succeeded' }))
  assert.deepEqual([waited.code, waited.lines.at(-1).id], [0, id])
  const alone = await world.kappa([...words, '--no-wait'])
  assert.equal(alone.code, 0)
  assert.match(alone.stdout, /^vec_\w+\n$/)
  const cancelled = await world.json(['vector-set', 'cancel', alone.stdout.trim()])
  assert.deepEqual([cancelled.code, cancelled.lines[0].status], [0, 'cancelled'])
})

test('sets are listed, shown, renamed and deleted, by id and by name', { skip }, async () => {
  const set = await aSet({ name: 'Boots' })
  const listed = await world.json(['vector-sets', '--dataset', set.dataset.datasetId, '--status', 'succeeded'])
  assert.deepEqual(
    listed.lines.map(({ type, id, total_images }) => [type, id, total_images]),
    [['vector_set', set.id, 12]]
  )
  const people = await world.kappa(['vector-sets', '--name', 'boot'])
  assert.match(people.stdout, /^VECTOR SET +STATUS +IMAGES .*NAME\nvec_\w+ +succeeded +12 +scan .* Boots\n$/)
  const shown = await world.kappa(['vector-set', 'show', 'Boots'])
  assert.match(shown.stdout, /^vector set +vec_\w+\nname +Boots\n[\s\S]*search +scan: every vector is compared\n/)
  const renamed = await world.json(['vector-set', 'rename', 'Boots', 'Shoes of autumn'])
  assert.deepEqual([renamed.code, renamed.lines[0].name], [0, 'Shoes of autumn'])
  const gone = await world.kappa(['vector-set', 'show', 'Boots'])
  assert.deepEqual([gone.code, /no such vector set: none is called Boots/.test(gone.stderr)], [2, true])
  const other = await aSet({ name: 'Shoes of autumn' })
  const two = await world.kappa(['search', 'Shoes of autumn', '--index', '1'])
  assert.equal(two.code, 2)
  assert.match(
    two.stderr,
    new RegExp(`2 vector sets are called Shoes of autumn; say which by its id: .*${other.id} \\(made 20`)
  )
  const deleted = await world.json(['vector-set', 'delete', set.id])
  assert.deepEqual(deleted.lines, [{ type: 'deleted', vector_set: set.id }])
  const found = await world.json(['search', 'Shoes of autumn', '--index', '1'])
  assert.equal(found.lines.at(-1).vector_set, other.id)
})

test('its files are pulled and compared, all of them or those that are named', { skip }, async () => {
  const stored = { 'map.json': Buffer.from('{"x": []}'), 'vectors.npy': Buffer.alloc(5000, 7) }
  const files = Object.entries(stored).map(([name, bytes]) => ({ name, ...digestOf(bytes) }))
  const { id } = await aSet({ files })
  for (const [name, bytes] of Object.entries(stored)) await world.api.objects.put(`vectors/${id}/${name}`, bytes)
  const out = join(world.root, 'set')
  const map = await world.json(['vector-set', 'pull', id, '--file', 'map.json', '--out', out])
  assert.deepEqual([map.code, map.lines.at(-1).files, map.lines.at(-1).vector_set], [0, 1, id])
  assert.deepEqual(await readFile(join(out, 'map.json')), stored['map.json'])
  assert.deepEqual(await readdir(out), ['map.json'])
  const all = await world.kappa(['vector-set', 'pull', id, '--out', out])
  assert.equal(all.code, 0, all.stderr)
  assert.match(all.stderr, /2 files, 5 KiB, 1 of them there before\./)
  assert.deepEqual(await readFile(join(out, 'vectors.npy')), stored['vectors.npy'])
  await writeFile(join(out, 'map.json'), 'mine')
  for (const [words, line] of [
    [['vector-set', 'pull', id, '--out', out], /map\.json is there already and is another file/],
    [['vector-set', 'pull', id, '--file', 'map.png'], /no file map\.png; it has map\.json, vectors\.npy/],
    [['vector-set', 'pull', id, '--out', join(world.root, 'x'), '--max-bytes', '9'], /The vector set has 5009 bytes/]
  ] as const) {
    const { code, stderr } = await world.kappa(words)
    assert.equal(code, 2, stderr)
    assert.match(stderr, line)
  }
  assert.equal(await readFile(join(out, 'map.json'), 'utf8'), 'mine')
})

test('duplicates and outliers are told for people and for scripts, as many as are wanted', { skip }, async () => {
  const { id } = await aSet()
  const pairs = await world.json(['vector-set', 'duplicates', id, '--min-similarity', '0', '--limit', '3'])
  assert.equal(pairs.code, 0, pairs.stdout)
  assert.equal(pairs.lines.length, 3)
  assert.deepEqual([pairs.lines[0].type, pairs.lines[0].images.length], ['near_duplicates', 2])
  const few = await world.kappa(['vector-set', 'duplicates', id, '--min-similarity', '1'])
  assert.deepEqual(
    [few.code, few.stdout, few.stderr.includes('There are no near-duplicates: a lower --min-similarity finds more.')],
    [0, '', true]
  )
  const outliers = await world.kappa(['vector-set', 'outliers', id, '--limit', '2'])
  assert.match(
    outliers.stdout,
    /^LOG DENSITY +INDEX +LABEL +PROTOTYPE +NAME\n10\.0 +0 +left +0 +bild-ä-0\.png\n11\.0 +1 /
  )
  assert.match(outliers.stderr, /No more than 2 are shown: --limit N\./)
})

test('labels that neighbours propose are told, and how often they are right', { skip }, async () => {
  const model = await aModel()
  const dataset = await aDataset()
  const labelled = await aVectorSet(world.api, model, dataset, { name: 'with labels' })
  const { id } = await aVectorSet(world.api, model, dataset, {}, anUnlabelledRow)
  const vote = ['--labels-from', 'with labels', '--neighbors', '1']
  const proposed = await world.json(['vector-set', 'proposed-labels', id, ...vote, '--limit', '100'])
  assert.equal(proposed.code, 0, proposed.stdout)
  assert.equal(proposed.lines.length, 12)
  assert.deepEqual([proposed.lines[0].type, proposed.lines[0].label], ['proposed_label', 'left'])
  const nothing = await world.kappa(['vector-set', 'proposed-labels', labelled.id])
  assert.match(nothing.stderr, /There are no proposed labels: every image has a label/)
  const accuracy = await world.json(['vector-set', 'label-accuracy', labelled.id, '--neighbors', '1'])
  assert.deepEqual([accuracy.lines[0].type, accuracy.lines[0].sampled], ['label_accuracy', 12])
  const people = await world.kappa(['vector-set', 'label-accuracy', labelled.id])
  assert.match(people.stdout, /^CONFIDENCE +IMAGES +RIGHT\n/)
  assert.match(people.stderr, /Neighbours say the right label of \d+\.\d % of 12 images/)
  const none = await world.kappa(['vector-set', 'label-accuracy', id])
  assert.deepEqual([none.code, /label/.test(none.stderr)], [2, true], none.stderr)
})

test('a dataset is called by its name where commands take one', { skip }, async () => {
  const dataset = await aDataset()
  await world.api.call('PATCH', `/v1/datasets/${dataset}`, { body: { name: 'Boots of 2026' } })
  const model = await aModel()
  const words = ['vector-set', 'make', '--model', model.id, '--no-wait', '--json', '--dataset']
  const newest = await world.kappa([...words, 'Boots of 2026'])
  const second = await world.kappa([...words, 'Boots of 2026@1'])
  for (const { stdout } of [newest, second]) assert.equal(JSON.parse(stdout).dataset, `${dataset}@1`)
  const none = await world.kappa(['run', '--dataset', 'boots of 2026', '--dry-run'])
  assert.deepEqual([none.code, /no such dataset: none is called boots of 2026/.test(none.stderr)], [2, true])
})
