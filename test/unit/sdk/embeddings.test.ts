import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Problem } from '../../../src/client/problem.ts'
import { batchesOf, refusedImage } from '../../../src/sdk/image-batches.ts'
import { createKappa } from '../../../src/sdk/kappa.ts'

const image = (value: number) => Uint8Array.of(value)
const images = (count: number) => Array.from({ length: count }, (_, i) => image(i))

/** A server that takes so many images at once and answers [first byte, 1] for each. */
function fakeServer(most: number, broken: number | null = null) {
  const sizes: number[] = []
  const kappa = createKappa({
    url: 'http://kappa.test/',
    key: 'k',
    async fetch(request) {
      const parts = (await request.formData()).getAll('images') as File[]
      const firsts = await Promise.all(parts.map(async (part) => new Uint8Array(await part.arrayBuffer())[0]!))
      sizes.push(firsts.length)
      const refuse = (status: number, code: string, pointer: string) =>
        Response.json({ code, detail: 'no', errors: [{ pointer, detail: 'no' }] }, { status })
      if (firsts.length > most) return refuse(400, 'invalid_request', '/input')
      const at = broken === null ? -1 : firsts.indexOf(broken)
      if (at >= 0) return refuse(422, 'image_invalid', `/input/${at}`)
      const data = firsts.map((first, index) => {
        const embedding = Buffer.from(Float32Array.of(first, 1).buffer).toString('base64')
        return { object: 'embedding', index, embedding }
      })
      const usage = { prompt_tokens: 5 * data.length, total_tokens: 5 * data.length, images: data.length }
      return Response.json({ object: 'list', data, model: 'mdl_1', usage })
    }
  })
  return { kappa, sizes }
}

test('batches hold so many images and bytes, and a large image goes alone', () => {
  const sizesOf = (lengths: readonly number[], most: number, bytes: number) =>
    batchesOf(
      lengths.map((length) => new Uint8Array(length)),
      most,
      bytes
    ).map(({ first, images }) => [first, images.length])
  assert.deepEqual(sizesOf([1, 1, 1, 1, 1], 2, 100), [
    [0, 2],
    [2, 2],
    [4, 1]
  ])
  assert.deepEqual(sizesOf([50, 60, 500, 1, 1], 9, 100), [
    [0, 1],
    [1, 1],
    [2, 1],
    [3, 2]
  ])
  assert.deepEqual(sizesOf([], 2, 100), [])
})

test('vectors come in the order of the images, however many requests it takes, and tokens are summed', async () => {
  const { kappa, sizes } = fakeServer(100)
  const seen: number[] = []
  const answer = await kappa.embeddings.create({
    model: 'shoes@prod',
    images: images(10),
    batchImages: 4,
    onProgress: (done) => seen.push(done)
  })
  assert.deepEqual(
    answer.embeddings.map((vector) => [...vector]),
    images(10).map(([first]) => [first, 1])
  )
  assert.deepEqual([answer.model, answer.dimensions, answer.tokens], ['mdl_1', 2, 50])
  assert.deepEqual(sizes.toSorted(), [2, 4, 4])
  assert.equal(seen.at(-1), 10)
})

test('a server that takes fewer at once gets fewer at once', async () => {
  const { kappa, sizes } = fakeServer(3)
  const { embeddings } = await kappa.embeddings.create({ model: 'm', images: images(10), parallel: 1 })
  assert.deepEqual(
    embeddings.map(([first]) => first),
    images(10).map(([first]) => first)
  )
  assert.deepEqual(sizes, [10, 5, 3, 2, 5, 3, 2])
})

test('an image that is none is named by its place among all of them', async () => {
  const { kappa } = fakeServer(100, 7)
  const failed = kappa.embeddings.create({ model: 'm', images: images(10), batchImages: 4 })
  await assert.rejects(failed, (error) => {
    assert.ok(error instanceof Problem)
    assert.equal(error.code, 'image_invalid')
    assert.equal(refusedImage(error), 7)
    return true
  })
  assert.equal(refusedImage(new Error('another')), null)
})

test('an answer that has not one vector of one length for each image is refused', async () => {
  const vector = (...values: number[]) => Buffer.from(Float32Array.from(values).buffer).toString('base64')
  const answers = [
    [{ index: 0, embedding: vector(1, 2) }],
    [0, 0].map((index) => ({ index, embedding: vector(1, 2) })),
    [0, 7].map((index) => ({ index, embedding: vector(1, 2) })),
    [0, -1].map((index) => ({ index, embedding: vector(1, 2) })),
    [0, 1].map((index) => ({ index, embedding: vector(...Array<number>(index + 1).fill(1)) })),
    [0, 1, 2].map((index) => ({ index, embedding: vector(1, 2) })),
    [0, 1].map((index) => ({ index, embedding: '' })),
    []
  ]
  for (const data of answers) {
    const fetch = async () => Response.json({ object: 'list', data, model: 'mdl_1', usage: { total_tokens: 1 } })
    const kappa = createKappa({ url: 'http://kappa.test', key: 'k', fetch })
    await assert.rejects(kappa.embeddings.create({ model: 'm', images: images(2) }), /one vector for each of 2 images/)
  }
})

test('what vectors are of, and in what they come, is asked for, and int8 is not read as float32', async () => {
  const queries: string[] = []
  async function fetch({ url }: Request) {
    queries.push(new URL(url).search)
    const embedding = Buffer.from([127, 129]).toString('base64')
    return Response.json({ data: [{ index: 0, embedding }], model: 'mdl_1', usage: { total_tokens: 1 } })
  }
  const kappa = createKappa({ url: 'http://kappa.test', key: 'k', fetch })
  const asked = { model: 'm', images: images(1), output: 'mean_patch', imageSize: 96, precision: 'int8' } as const
  const { embeddings, dimensions } = await kappa.embeddings.create({ ...asked, outputDtype: 'int8' })
  assert.deepEqual([embeddings, dimensions], [[Int8Array.of(127, -127)], 2])
  const wanted = 'output=mean_patch&image_size=96&precision=int8&output_dtype=int8'
  assert.equal(queries[0], `?encoding_format=base64&${wanted}`)
  const bits = await kappa.embeddings.create({ ...asked, outputDtype: 'binary' })
  assert.deepEqual([bits.embeddings, bits.dimensions], [[Uint8Array.of(127, 129)], 16])
})
