/** `kappa search`, `select`, `drift`, `match` and `batch` against the real API; workers are played by the tests. */
import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { StoredRequests } from '../../../src/domain/file.ts'
import { fileKey } from '../../../src/domain/file.ts'
import { aBatch, aRequestFile } from '../../helpers/batch-records.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyModel, aReadyVersion } from '../../helpers/records.ts'
import { aVectorSet } from '../../helpers/vector-records.ts'
import { createWorld, type Line, pressCtrlC, type World } from './kappa.ts'

const skip = await whyNoPostgres()
const world = skip ? (undefined as unknown as World) : await createWorld({ after })
const PNG = Buffer.concat([Buffer.from('89504e470d0a1a0a0000000d', 'hex'), Buffer.alloc(20, 1)])

const aModel = (name: string | null = null) => aReadyModel(world.api.stores, world.api.projectId, { name })
const aDataset = async () => (await aReadyVersion(world.api, world.api.projectId, 12)).datasetId

test('nearest images are found for one of this machine and for one of the set, for people and for scripts', {
  skip
}, async () => {
  const model = await aModel()
  const { id } = await aVectorSet(world.api, model, await aDataset())
  const image = join(world.root, 'a.png')
  await writeFile(image, PNG)
  const found = await world.json(['search', id, image, '--top-k', '3', '--label', 'left'])
  assert.equal(found.code, 0, found.stdout)
  const [first, , , last] = found.lines
  assert.deepEqual([found.lines.length, first.type, first.label], [4, 'match', 'left'])
  assert.deepEqual(
    [last.type, last.vector_set, last.model, last.matches, last.exact],
    [...['searched', id, model.id, 3, true]]
  )
  const people = await world.kappa(['search', id, '--index', '4', '--top-k', '1', '--in-prototype', '1'])
  assert.equal(people.code, 0, people.stderr)
  assert.match(
    people.stdout,
    /^SIMILARITY +INDEX +LABEL +PROTOTYPE +NAME\n-?[01]\.\d{4} +\d+ +\w+ +1 +bild-ä-\d+\.png\n$/
  )
  await writeFile(join(world.root, 'secret'), 'no image')
  for (const [words, line] of [
    [['search', id, join(world.root, 'secret')], /is no JPEG.* file\./],
    [['search', id], /One of IMAGE, --index and --prototype is needed/],
    [['search', id, image, '--index', '1'], /One of IMAGE/],
    [['search', id, '--index', '99'], /has no image 99/],
    [['search', 'vs_none', '--index', '1'], /no such vector set/i]
  ] as const) {
    const { code, stderr } = await world.kappa(words)
    assert.equal(code, 2, stderr)
    assert.match(stderr, line)
  }
})

test('a selection is made and waited for, and one that fails says why', { skip }, async () => {
  const dataset = await aDataset()
  const { id } = await aVectorSet(world.api, await aModel(), dataset)
  const words = ['select', dataset, '--strategy', 'diverse', '--vector-set', id, '--count', '5']
  const play = (patch: object) => {
    let isDone = false
    return {
      async onLine({ type, version }: Line) {
        if (type !== 'ingesting' || isDone) return
        isDone = true
        await world.api.stores.datasets.updateVersion(dataset, version, patch)
      }
    }
  }
  const made = await world.json([...words, '--seed', '3'], play({ status: 'ready', images: 5 }))
  assert.equal(made.code, 0, made.stdout)
  assert.deepEqual(made.lines[0], { type: 'selecting', id: `${dataset}@2`, dataset, strategy: 'diverse' })
  assert.deepEqual([made.lines.at(-1).id, made.lines.at(-1).status], [`${dataset}@2`, 'ready'])
  const { source } = (await world.api.call('GET', `/v1/datasets/${dataset}/versions/2`)).json
  assert.deepEqual([source.strategy, source.count, source.seed], ['diverse', 5, 3])
  const failed = await world.json(words, play({ status: 'failed', error: { code: 'internal', message: 'It broke.' } }))
  assert.deepEqual([failed.code, failed.lines.at(-1).error.message], [1, 'It broke.'])
  const refused = await world.kappa([...words.slice(0, -1), '13'])
  assert.equal(refused.code, 2, refused.stderr)
  assert.match(refused.stderr, /count/)
})

test('drift is switched on, shown, and switched off', { skip }, async () => {
  const model = await aModel()
  const off = await world.kappa(['drift', model.id])
  assert.deepEqual([off.code, off.stdout], [0, ''])
  assert.match(off.stderr, /Nothing is counted: kappa drift MODEL --on\.\nThere are no windows yet\./)
  const on = await world.json(['drift', model.id, '--on'])
  assert.deepEqual([on.lines[0].type, on.lines[0].enabled, on.lines.length], ['drift', true, 1])
  const image = { body: PNG, headers: { 'content-type': 'image/png' } }
  assert.equal((await world.api.call('POST', `/v1/models/${model.id}/assignments`, image)).status, 200)
  await world.api.driftRecorder.flush()
  const { lines } = await world.json(['drift', model.id])
  assert.deepEqual([lines[1].type, lines[1].number, lines[1].images], ['drift_window', 1, 1])
  assert.match((await world.kappa(['drift', model.id])).stdout, /^WINDOW .*\n1 +open +1\n$/)
  assert.equal((await world.json(['drift', model.id, '--off'])).lines[0].enabled, false)
  assert.equal((await world.kappa(['drift', model.id, '--on', '--off'])).code, 2)
})

test('prototypes of a version are those of the version before, or of a model that is named', { skip }, async () => {
  const dataset = await aDataset()
  const [old, fresh] = [await aModel('matched'), await aModel('matched')]
  for (const model of [old, fresh]) await aVectorSet(world.api, model, dataset)
  const people = await world.kappa(['match', 'matched@2'])
  assert.equal(people.code, 0, people.stderr)
  assert.match(people.stdout, /^FROM +TO +IMAGES +SIMILARITY\n0 +0 +4 +1\.000\n/)
  assert.match(people.stderr, /100\.0 % of 12 images of ds_\w+@1 keep their prototype/)
  const { lines } = await world.json(['match', fresh.id, old.id, '--dataset', `${dataset}@1`])
  assert.deepEqual(
    lines.map(({ type }) => type),
    ['pair', 'pair', 'pair', 'matching']
  )
  assert.deepEqual([lines[3].agreement, lines[3].against, lines[3].pairs], [1, old.id, 3])
  assert.equal((await world.kappa(['match', 'matched@1'])).code, 2, 'there is none before it')
})

/** What a worker leaves behind. */
async function finish(id: string, status: 'completed' | 'expired'): Promise<void> {
  const { stores, objects, projectId } = world.api
  const file = async (text: string) => {
    const made: StoredRequests = { ...(await aRequestFile(world.api, projectId, text)), purpose: 'batch_output' }
    await objects.put(fileKey(made.id), Buffer.from(text))
    return made.id
  }
  const [outputFileId, errorFileId] = [await file('{"custom_id":"a"}\n'), await file('{"custom_id":"b"}\n')]
  const counts = { total: 2, completed: 1, failed: 1, images: 1 }
  await stores.batches.update(id, { status, counts, outputFileId, errorFileId, finishedAt: new Date() })
}

test('images become requests that are called by their names, are followed, and answers are downloaded', {
  skip
}, async () => {
  const model = await aModel()
  const folder = join(world.root, 'batched')
  await mkdir(join(folder, 'cats'), { recursive: true })
  for (const name of ['a', 'b']) await writeFile(join(folder, 'cats', `${name}.png`), PNG)
  await writeFile(join(folder, 'notes.txt'), 'no image')
  const out = join(world.root, 'answers.jsonl')
  let id = ''
  const words = ['batch', '--model', model.id, folder, '--out', out, '--output-dtype', 'int8', '--window', '3']
  const { code, lines, stdout } = await world.json(words, {
    onLine({ type, id: batch, status }) {
      if (type !== 'batch' || status !== 'validating' || id !== '') return
      id = batch
      void finish(batch, 'completed')
    }
  })
  assert.equal(code, 0, stdout)
  assert.deepEqual([lines.at(-1).id, lines.at(-1).status, lines.at(-1).requests.failed], [id, 'completed', 1])
  assert.equal(lines.find(({ type }) => type === 'unusable').name, 'notes.txt')
  assert.equal(await readFile(out, 'utf8'), '{"custom_id":"a"}\n')
  assert.equal(await readFile(join(world.root, 'answers.errors.jsonl'), 'utf8'), '{"custom_id":"b"}\n')
  const batch = (await world.api.call('GET', `/v1/batches/${id}`)).json
  assert.equal(batch.completion_window, '3h')
  const sent = (await world.api.call('GET', `/v1/files/${batch.input_file_id}/content`)).text.trim().split('\n')
  const [first, second] = sent.map((line) => JSON.parse(line))
  assert.deepEqual([first.custom_id, second.custom_id], ['cats/a.png', 'cats/b.png'])
  assert.deepEqual([first.body.model, first.body.output_dtype], [model.id, 'int8'])
  assert.equal(first.body.input[0], PNG.toString('base64'))
  assert.equal((await world.kappa(words)).code, 2, 'files that are there are not written over')
})

test('a file of requests is submitted and left, and its batch is followed later; what ended early is downloaded too', {
  skip
}, async () => {
  const model = await aModel()
  const file = join(world.root, 'requests.jsonl')
  const body = { model: model.id, input: PNG.toString('base64') }
  await writeFile(file, JSON.stringify({ custom_id: 'a', method: 'POST', url: '/v1/embeddings', body }))
  const submitted = await world.kappa(['batch', file])
  assert.equal(submitted.code, 0, submitted.stderr)
  const id = submitted.stdout.trim()
  assert.match(id, /^batch_\w+$/)
  const out = join(world.root, 'later.jsonl')
  const left = await world.json(['batch', id, '--out', out], { onLine: () => setImmediate(pressCtrlC) })
  assert.deepEqual([left.code, left.lines.at(-1).type], [3, 'stopped'])
  assert.match(left.lines.at(-1).message, new RegExp(`kappa batch ${id} --out .*later\\.jsonl downloads its answers`))
  await finish(id, 'expired')
  const ended = await world.json(['batch', id, '--out', out])
  assert.deepEqual([ended.code, ended.lines.at(-1).status], [1, 'expired'])
  assert.equal(await readFile(out, 'utf8'), '{"custom_id":"a"}\n')
  assert.ok(!(await readdir(world.root)).some((name) => name.endsWith('.partial')))
})

test('answers that are not what was announced are not kept', { skip }, async () => {
  const { api } = world
  const batch = await aBatch(api.stores, await aModel())
  const file = await aRequestFile(api, api.projectId, '{"custom_id":"a"}\n')
  await api.objects.put(fileKey(file.id), Buffer.from('{"custom_id":"b"}\n'))
  await api.stores.batches.update(batch.id, { status: 'completed', outputFileId: file.id, finishedAt: new Date() })
  const { code, lines } = await world.json(['batch', batch.id, '--out', join(world.root, 'damaged.jsonl')])
  assert.deepEqual([code, lines.at(-1).code], [1, 'object_damaged'])
  assert.ok(!(await readdir(world.root)).some((name) => name.startsWith('damaged')))
})

test('a batch whose model is not there leaves no file of requests behind', { skip }, async () => {
  const image = join(world.root, 'b.png')
  await writeFile(image, PNG)
  const before = (await world.api.call('GET', '/v1/files?limit=100')).json.data.length
  const refused = await world.kappa(['batch', '--model', 'mdl_none', image])
  assert.equal(refused.code, 2, refused.stderr)
  assert.equal((await world.api.call('GET', '/v1/files?limit=100')).json.data.length, before)
  const gone = await aBatch(world.api.stores, await aModel(), { status: 'failed', error: null })
  assert.equal((await world.kappa(['batch', gone.id, '--out', join(world.root, 'gone.jsonl')])).code, 1)
})
