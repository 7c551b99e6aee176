/** Words of the commands for vectors and batches that no server is asked about. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { batchSource } from '../../../src/cli/remote/batch.ts'
import { embeddingWish } from '../../../src/cli/remote/embed.ts'
import { numberWithin } from '../../../src/cli/remote/option-values.ts'
import { selectionOf } from '../../../src/cli/remote/select.ts'
import { createEmbeddingFile } from '../../../src/serving/embedding-file.ts'

const root = await mkdtemp(join(tmpdir(), 'kappa-options-'))
after(() => rm(root, { recursive: true }))

test('numbers of a range are read as people write them, and nothing else is', () => {
  const within = (value: string) => numberWithin('min-similarity', value, { least: -1, most: 1 })
  assert.deepEqual(['0.5', '.5', '1', '-1', '1e-3', '0'].map(within), [0.5, 0.5, 1, -1, 0.001, 0])
  for (const wrong of ['', 'NaN', 'Infinity', '1.01', '-1.1', '0x1', '0,5', ' 1', 'many'])
    assert.throws(() => within(wrong), /--min-similarity must be a number from -1 to 1, not/)
})

test('what vectors are of and come in is one of what there is', () => {
  const wish = embeddingWish({ output: 'mean_patch', precision: 'int8', 'output-dtype': 'binary', 'image-size': '96' })
  assert.deepEqual(wish, { output: 'mean_patch', precision: 'int8', outputDtype: 'binary', imageSize: 96 })
  assert.deepEqual(embeddingWish({}), {})
  for (const [values, line] of [
    [{ output: 'mean' }, /--output must be one of cls, bottleneck, mean_patch, patches, not mean\./],
    [{ output: 'patches', precision: 'int8' }, /--precision is not for --output patches\./],
    [{ output: 'patches', dimensions: '8' }, /--dimensions is not for --output patches\./],
    [{ precision: 'fp16' }, /--precision must be one of float32, int8/],
    [{ 'output-dtype': 'int4' }, /--output-dtype must be one of float32, float16/],
    [{ 'image-size': '0' }, /--image-size must be 1 or more/],
    [{ 'image-size': '5000' }, /--image-size must be 4096 or less/],
    [{ dimensions: 'all' }, /--dimensions must be a whole number/]
  ] as const)
    assert.throws(() => embeddingWish(values), line)
})

test('each strategy takes its own options, and refuses those of others by name', async () => {
  const set = { 'vector-set': 'vs_1' }
  const indices = join(root, 'indices.txt')
  await writeFile(indices, '3\n0\n12\n')
  const labels = { 'min-confidence': '0.9', neighbors: '5', 'labels-from': 'vs_2' }
  assert.deepEqual(await selectionOf({ strategy: 'balanced', ...set, count: '5', ...labels }), {
    ...{ strategy: 'balanced', vector_set: 'vs_1', count: 5 },
    labels: { min_confidence: 0.9, neighbors: 5, from: 'vs_2' }
  })
  assert.deepEqual(await selectionOf({ strategy: 'deduplicated', ...set, 'max-similarity': '0.9' }), {
    ...{ strategy: 'deduplicated', vector_set: 'vs_1', max_similarity: 0.9 }
  })
  assert.deepEqual(await selectionOf({ strategy: 'indices', version: '2', indices }), {
    ...{ strategy: 'indices', version: 2, indices: [3, 0, 12] }
  })
  await writeFile(join(root, 'wrong.txt'), '1\n-2\n')
  await writeFile(join(root, 'empty.txt'), '\n')
  for (const [values, line] of [
    [{}, /--strategy is needed/],
    [{ strategy: 'best', ...set }, /--strategy must be one of/],
    [{ strategy: 'hard', ...set, count: '5', seed: '1' }, /--seed is not for --strategy hard\./],
    [{ strategy: 'all', ...set, count: '5' }, /--count is not for --strategy all\./],
    [{ strategy: 'all', ...set }, /--min-confidence is needed/],
    [{ strategy: 'diverse', ...set }, /--count is needed/],
    [{ strategy: 'diverse', count: '5' }, /--vector-set is needed/],
    [{ strategy: 'diverse', ...set, count: '5', neighbors: '3' }, /--neighbors needs --min-confidence/],
    [{ strategy: 'deduplicated', ...set, 'max-similarity': '2' }, /--max-similarity must be a number from 0 to 1/],
    [{ strategy: 'indices', version: '1', indices: join(root, 'none') }, /--indices .*no such file/],
    [{ strategy: 'indices', version: '1', indices: root }, /is no file/],
    [{ strategy: 'indices', version: '1', indices: join(root, 'wrong.txt') }, /whole numbers, and has -2/],
    [{ strategy: 'indices', version: '1', indices: join(root, 'empty.txt') }, /has no number/]
  ] as const)
    await assert.rejects(selectionOf(values), line)
})

test('a batch is a file of requests, images of a model, or one that is there', async () => {
  const file = join(root, 'requests.jsonl')
  await writeFile(file, '{}')
  const id = `batch_${'0'.repeat(26)}`
  assert.deepEqual(await batchSource({}, [file]), { kind: 'requests', path: file })
  assert.deepEqual(await batchSource({}, [id]), { kind: 'batch', id })
  assert.deepEqual(await batchSource({ model: 'm', dimensions: '8' }, ['a', 'b']), {
    ...{ kind: 'images', paths: ['a', 'b'], wish: { model: 'm', dimensions: 8 } }
  })
  for (const [values, words, line] of [
    [{}, [], /FILE\.jsonl, BATCH .* or --model/],
    [{}, [root], /Folders of images need --model/],
    [{}, [file, file], /one word too many/],
    [{}, [join(root, 'indices.txt')], /does not end with \.jsonl/],
    [{ window: '3' }, [id], /--window is said when a batch is made/],
    [{ output: 'cls' }, [file], /--output needs --model/],
    [{ model: 'm', output: 'mean_patch' }, [root], /--output must be one of cls, bottleneck/]
  ] as const)
    await assert.rejects(batchSource(values, words), line)
})

test('files of vectors say what their numbers are', async () => {
  const types = [
    ['float16', Float32Array.of(0.5, -2), '<f2', 'F16', '003800c0'],
    ['int8', Int8Array.of(127, -127), '|i1', 'I8', '7f81'],
    ['binary', Uint8Array.of(1, 129), '|u1', 'U8', '0181'],
    ['float32', Float32Array.of(1, 2), '<f4', 'F32', '0000803f00000040']
  ] as const
  for (const [dtype, embedding, npy, safetensors, hex] of types) {
    for (const format of ['npy', 'safetensors'] as const) {
      const path = join(root, `${dtype}.${format}`)
      const file = await createEmbeddingFile(path, { format, dimensions: 2, dtype })
      await file.add([{ name: 'a', label: null, embedding }])
      await file.finish()
      const bytes = await readFile(path)
      if (format === 'npy') {
        assert.ok(bytes.toString('latin1').includes(`'descr': '${npy}', 'fortran_order': False, 'shape': (1, 2)`))
        assert.equal(bytes.subarray(128).toString('hex'), hex)
      } else {
        const length = Number(bytes.readBigUInt64LE(0))
        const { embeddings } = JSON.parse(bytes.subarray(8, 8 + length).toString())
        assert.deepEqual([embeddings.dtype, embeddings.data_offsets[1]], [safetensors, hex.length / 2])
        assert.equal(bytes.subarray(8 + length).toString('hex'), hex)
      }
    }
  }
})
