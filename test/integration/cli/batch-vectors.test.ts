/** `kappa batch --out FILE.npy`: answers of a batch as an array, and what is none. */
import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileKey, type StoredRequests } from '../../../src/domain/file.ts'
import { aBatch, aRequestFile } from '../../helpers/batch-records.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyModel } from '../../helpers/records.ts'
import { createWorld, type Line, type World } from './kappa.ts'

const skip = await whyNoPostgres()
const world = skip ? (undefined as unknown as World) : await createWorld({ after })
const PNG = Buffer.concat([Buffer.from('89504e470d0a1a0a0000000d', 'hex'), Buffer.alloc(20, 1)])

const answer = (id: string, ...embeddings: readonly (string | number[])[]) =>
  `${JSON.stringify({
    custom_id: id,
    response: {
      status_code: 200,
      body: { data: embeddings.map((embedding, index) => ({ index, embedding })) }
    },
    error: null
  })}\n`
const failure = (id: string) =>
  `${JSON.stringify({ custom_id: id, response: null, error: { code: 'batch_expired', message: 'Too late.' } })}\n`
const base64 = (...numbers: number[]) => Buffer.from(Int8Array.from(numbers)).toString('base64')

async function aFile(text: string): Promise<string> {
  const { api } = world
  const made: StoredRequests = { ...(await aRequestFile(api, api.projectId, text)), purpose: 'batch_output' }
  await api.objects.put(fileKey(made.id), Buffer.from(text))
  return made.id
}

/** Ended, with answers and failures as a worker leaves them. */
async function ended(answers: string, request: object) {
  const { api } = world
  const model = await aReadyModel(api.stores, api.projectId)
  const batch = await aBatch(api.stores, model, {
    ...{ inputFileId: await aFile(`${JSON.stringify({ custom_id: 'a', body: request })}\n`) },
    ...{ status: 'completed', finishedAt: new Date(), counts: { total: 3, completed: 2, failed: 1, images: 3 } },
    ...{ outputFileId: await aFile(answers), errorFileId: await aFile(failure('c')) }
  })
  return batch.id
}

test('answers become an array of the type that the requests asked for, with whose they are and what failed', {
  skip
}, async () => {
  const id = await ended(answer('a', base64(1, -2)) + answer('b', base64(3, 4), base64(5, 6)), { output_dtype: 'int8' })
  const out = join(world.root, 'answers.npy')
  const { code, lines, stdout } = await world.json(['batch', id, '--out', out])
  assert.equal(code, 0, stdout)
  const [vectors, failures] = lines.filter(({ type }: Line) => type === 'downloaded')
  assert.deepEqual([vectors.lines, vectors.file, failures.lines], [3, out, 1])
  const npy = await readFile(out)
  assert.match(npy.toString('latin1', 0, 128), /'descr': '\|i1'.*'shape': \(3, 2\)/)
  assert.deepEqual([...new Int8Array(npy.subarray(128))], [1, -2, 3, 4, 5, 6])
  const names = (await readFile(join(world.root, 'answers.images.jsonl'), 'utf8')).trim().split('\n')
  assert.deepEqual(
    names.map((line) => JSON.parse(line).name),
    ['a', 'b', 'b']
  )
  assert.equal(await readFile(join(world.root, 'answers.errors.jsonl'), 'utf8'), failure('c'))
  assert.equal((await world.kappa(['batch', id, '--out', out])).code, 2, 'files that are there are not written over')
})

test('answers that make no array are refused by name, and nothing of them is kept', { skip }, async () => {
  const numbers = answer('a', [0.5, 0.25]) + answer('b', [1, 2, 3])
  const unlike = await world.kappa(['batch', await ended(numbers, {}), '--out', join(world.root, 'unlike.safetensors')])
  assert.equal(unlike.code, 2, unlike.stderr)
  assert.match(unlike.stderr, /The answer b has vectors of another type or length .*: --out ANSWERS\.jsonl/)
  const bytes = answer('a', base64(1, 2, 3))
  const torn = await world.kappa(['batch', await ended(bytes, {}), '--out', join(world.root, 'torn.npy')])
  assert.deepEqual([torn.code, /The answer a has vectors/.test(torn.stderr)], [2, true])
  const left = (await readdir(world.root)).filter((name) => /^(unlike|torn)/.test(name))
  assert.deepEqual(left, [])
  await writeFile(join(world.root, 'a.png'), PNG)
  const wrong = await world.kappa(['batch', '--model', 'm', join(world.root, 'a.png'), '--out', 'x.parquet'])
  assert.deepEqual([wrong.code, /--out must end with \.npy, \.safetensors, \.jsonl/.test(wrong.stderr)], [2, true])
})
