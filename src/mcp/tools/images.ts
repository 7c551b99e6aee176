/** An image through a model: its vector in numbers, or its assignments to prototypes. */
import { readFile, stat } from 'node:fs/promises'
import { Type } from 'typebox'
import { READ_FORMATS, sniffFormat } from '../../base/image-formats.ts'
import { dataOf } from '../../client/client.ts'
import { defineTool, READS } from '../tool.ts'

/** Above what the API takes of an image unless it is told otherwise; it is the API that refuses by its own limit. */
const MOST_BYTES = 64 * 1024 * 1024

const Model = Type.String({ minLength: 1, description: 'mdl_…, name@3, name@alias, or a run whose model is meant.' })
const Image = Type.String({
  minLength: 1,
  description:
    'Path of a file on the machine of this tool, or an https URL, which the server fetches if its host is allowed there.'
})

/**
 * As the API takes it: a URL as it is, a file as base64. An assistant may have been talked into any path: what is no image does not leave
 * this machine, and a device or a pipe, of which there is no end, is not read.
 */
export async function inputOf(image: string): Promise<string> {
  if (/^(https?|data):/i.test(image)) return image
  const about = await stat(image)
  if (!about.isFile()) throw new Error(`${image} is no file.`)
  if (about.size > MOST_BYTES) throw new Error(`${image} has ${about.size} bytes; ${MOST_BYTES} are the most.`)
  const bytes = await readFile(image)
  if (sniffFormat(bytes) === null) throw new Error(`${image} is no ${READ_FORMATS} file and was not sent.`)
  return bytes.toString('base64')
}

const embedImage = defineTool({
  name: 'embed_image',
  title: 'Embed an image',
  description:
    'The unit vector of an image by a model: its statistics, and with include_vector all of its numbers. search_images looks for neighbours.',
  annotations: READS,
  input: Type.Object(
    {
      model: Model,
      image: Image,
      include_vector: Type.Optional(Type.Boolean({ description: 'false by default: a vector is hundreds of numbers.' }))
    },
    { additionalProperties: false }
  ),
  async run({ model, image, include_vector: isWhole = false }, { client, signal }) {
    const body = { model, input: await inputOf(image), encoding_format: 'float' as const }
    const { data, model: id, usage } = await dataOf(client.POST('/v1/embeddings', { body, signal }))
    const vector = data[0]!.embedding as number[] // float was asked for
    return { model: id, ...statisticsOf(vector), usage, ...(isWhole && { vector }) }
  }
})

function statisticsOf(vector: readonly number[]) {
  const mean = vector.reduce((sum, one) => sum + one, 0) / vector.length
  const variance = vector.reduce((sum, one) => sum + (one - mean) ** 2, 0) / vector.length
  return {
    dimensions: vector.length,
    norm: Math.hypot(...vector),
    mean,
    standard_deviation: Math.sqrt(variance),
    min: Math.min(...vector),
    max: Math.max(...vector)
  }
}

const assignImage = defineTool({
  name: 'assign_image',
  title: 'Assign an image to prototypes',
  description:
    'The prototypes (soft clusters) of an image by a model: probability, cosine and kappa of the likeliest, the entropy of all, and how dense ' +
    'the fitted mixture is there. kappa://docs/method.md (7) says what may be concluded of it.',
  annotations: READS,
  input: Type.Object(
    {
      model: Model,
      image: Image,
      top_k: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: '10 by default.' })),
      posterior: Type.Optional(Type.Enum(['teacher', 'model', 'fitted']))
    },
    { additionalProperties: false }
  ),
  async run({ model: id, image, top_k = 10, posterior }, { client, signal }) {
    const body = { input: await inputOf(image), top_k, ...(posterior && { posterior }) }
    const params = { path: { id } }
    const { data, ...answer } = await dataOf(client.POST('/v1/models/{id}/assignments', { params, body, signal }))
    return { model: answer.model, posterior: answer.posterior, ...data[0]!, usage: answer.usage }
  }
})

export const IMAGE_TOOLS = [embedImage, assignImage]
