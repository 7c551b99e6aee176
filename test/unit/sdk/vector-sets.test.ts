/** Vector sets, selections, patches and maps over a stand-in of the server: what is asked for, and what is made of the answers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { npyHead } from '../../../src/base/npy.ts'
import { createKappa } from '../../../src/sdk/kappa.ts'
import { vectorOf } from '../../../src/sdk/vectors.ts'

type Asked = { readonly path: string; readonly query: object; readonly body: unknown }

/** Answers from a list, in order, and remembers what it was asked. */
function server(...answers: readonly (() => Response)[]) {
  const waiting = [...answers]
  const asked: Asked[] = []
  const fetch = async (request: Request) => {
    const { pathname: path, searchParams } = new URL(request.url)
    const isJson = request.headers.get('content-type') === 'application/json'
    asked.push({ path, query: Object.fromEntries(searchParams), body: isJson ? await request.json() : null })
    return waiting.shift()!()
  }
  return { kappa: createKappa({ url: 'http://kappa.test', key: 'k', fetch, retry: { tries: 2 } }), asked }
}
const says =
  (value: unknown, headers: Record<string, string> = {}) =>
  () =>
    Response.json(value, { headers })

test('what is looked for is an image, a vector, an image of the set or a prototype, and filters go along', async () => {
  const { kappa, asked } = server(...Array.from({ length: 4 }, () => says({ data: [] })))
  const { search } = kappa.vectorSets
  await search('vs_1', { image: Uint8Array.of(1, 2, 3), topK: 3, minSimilarity: 0.5, labels: ['cats'] })
  await search('vs_1', { vector: Float32Array.of(1, 2) })
  await search('vs_1', { index: 0, prototypes: [7] })
  await search('vs_1', { prototype: 7 })
  assert.deepEqual(
    asked.map(({ body }) => body),
    [
      { input: 'AQID', top_k: 3, min_similarity: 0.5, filter: { labels: ['cats'] } },
      { vector: [1, 2], top_k: 10 },
      { index: 0, top_k: 10, filter: { prototypes: [7] } },
      { prototype: 7, top_k: 10 }
    ]
  )
  assert.equal(asked[0]?.path, '/v1/vector-sets/vs_1:search')
})

test('a search whose answer is lost is asked again: it changes nothing', async () => {
  const { kappa, asked } = server(() => new Response('', { status: 502 }), says({ data: [] }))
  await kappa.vectorSets.search('vs_1', { index: 0 })
  assert.equal(asked.length, 2)
})

test('lists go on behind a page that is empty', async () => {
  const page = (data: unknown[], next: string | null) => says({ data, has_more: next !== null, next_cursor: next })
  const { kappa, asked } = server(page([1], 'a'), page([], 'b'), page([2], null))
  const found = []
  for await (const pair of kappa.vectorSets.duplicates('vs_1', { minSimilarity: 0.9 })) found.push(pair)
  assert.deepEqual(found, [1, 2])
  assert.deepEqual(
    asked.map(({ query }) => query),
    [{}, { after: 'a' }, { after: 'b' }].map((after) => ({ limit: '100', ...after, min_similarity: '0.9' }))
  )
})

test('a selection is sent as it is said, once', async () => {
  const { kappa, asked } = server(says({ version: 2 }))
  const selection = { strategy: 'diverse', vector_set: 'vs_1', count: 5, labels: { min_confidence: 0.9 } } as const
  assert.equal((await kappa.versions.select('ds_1', selection)).version, 2)
  assert.deepEqual([asked[0]?.path, asked[0]?.body], ['/v1/datasets/ds_1:select', selection])
})

test('patches come as one file, of fewer images where the server answers no more at once', async () => {
  const file = (values: readonly number[], images: number) => () =>
    new Response(Buffer.concat([npyHead(images, 4), Buffer.from(Float32Array.from(values).buffer)]), {
      headers: { 'kappa-shape': `${images},1,2,2` }
    })
  const { kappa, asked } = server(
    () => Response.json({ code: 'answer_too_large', detail: 'no' }, { status: 422 }),
    file([1, 2, 3, 4], 1),
    file([5, 6, 7, 8], 1)
  )
  const images = [Uint8Array.of(1), Uint8Array.of(2)]
  const { patches, ...size } = await kappa.embeddings.patches({ model: 'm', images, imageSize: 32 })
  assert.deepEqual(size, { rows: 1, columns: 2, dimensions: 2 })
  assert.deepEqual(patches, [Float32Array.of(1, 2, 3, 4), Float32Array.of(5, 6, 7, 8)])
  assert.deepEqual(asked[0]?.query, { output: 'patches', image_size: '32' })
  for (const shape of ['1,1,2,2,', '2,1,2,2', '1,1,2', '1,0,2,2', '1,1,9,9'])
    await assert.rejects(
      server(() => new Response(Buffer.alloc(90), { headers: { 'kappa-shape': shape } })).kappa.embeddings.patches({
        ...{ model: 'm', images: [Uint8Array.of(1)] }
      }),
      /does not answer with the patches of 1 images/
    )
})

test('numbers of a map are JSON, and a picture says what its colours stand for', async () => {
  const { kappa, asked } = server(
    says({ rows: 1 }),
    () => new Response(Uint8Array.of(9), { headers: { 'kappa-range': '-0.5,1', 'kappa-prototype': '7' } }),
    () => new Response(Uint8Array.of(9))
  )
  const image = Uint8Array.of(1)
  assert.deepEqual(await kappa.maps.attention({ model: 'm', image, head: 2 }), { rows: 1 })
  const picture = await kappa.maps.heatPicture({ model: 'm', image, value: 'posterior', draw: 'map' })
  assert.deepEqual(picture, { png: Uint8Array.of(9), range: [-0.5, 1], prototype: 7 })
  await assert.rejects(kappa.maps.attentionPicture({ model: 'm', image }), /what the colours stand for/)
  assert.deepEqual(
    asked.slice(0, 2).map(({ body }) => body),
    [
      { input: 'AQ==', head: 2, format: 'json' },
      { input: 'AQ==', value: 'posterior', draw: 'map' }
    ]
  )
})

test('every number of 16 bits is the one that it stands for', () => {
  const bits = [0x0000, 0x0001, 0x03ff, 0x0400, 0x3c00, 0x3555, 0xc000, 0x7bff, 0x7c00, 0xfc00]
  const base64 = Buffer.from(Uint16Array.from(bits).buffer).toString('base64')
  const numbers = [0, 2 ** -24, 1023 * 2 ** -24, 2 ** -14, 1, 1365 / 4096, -2, 65504, Infinity, -Infinity]
  assert.deepEqual([...vectorOf(base64, 'float16')], numbers)
  assert.ok(Number.isNaN(vectorOf(Buffer.from([0x01, 0x7c]).toString('base64'), 'float16')[0]))
})
