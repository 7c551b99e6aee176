/** Images as they come in a body: JSON texts, one raw image, or the parts of a form. */
import multipart from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import { AppError } from '../../base/errors.ts'
import type { ImageInput } from '../../services/serving/image-sources.ts'
import { RAW_IMAGE_TYPES } from '../schemas/serving.ts'
import type { App } from '../server.ts'
import { readFormError } from './form-errors.ts'

export interface ImageLimits {
  readonly bodyBytes: number
  /** Of all bodies with images that are under way. */
  readonly bodiesBytes: number
  readonly imageBytes: number
  readonly imagesPerRequest: number
}

export const textInputs = (input: string | readonly string[]): ImageInput[] =>
  (typeof input === 'string' ? [input] : input).map((text) => ({ type: 'text', text }))

/** For a plugin of its own: image bodies are taken nowhere else. */
export async function registerImageBodies(app: App, limits: ImageLimits): Promise<void> {
  app.addContentTypeParser([...RAW_IMAGE_TYPES], { parseAs: 'buffer', bodyLimit: limits.imageBytes }, (_, body, done) =>
    done(null, body)
  )
  await app.register(multipart, {
    limits: {
      fileSize: limits.imageBytes,
      files: limits.imagesPerRequest,
      fields: 8,
      fieldSize: 1024,
      parts: limits.imagesPerRequest + 8
    }
  })
}

async function readParts(request: FastifyRequest, bodyBytes: number): Promise<ImageInput[]> {
  const images: ImageInput[] = []
  let total = 0
  for await (const part of request.parts()) {
    if (part.type === 'field') {
      const message = 'only files are taken in a form; options go in the query string'
      throw new AppError('invalid_request', { errors: [{ path: part.fieldname, message }] })
    }
    const bytes = await part.toBuffer()
    total += bytes.length
    if (total > bodyBytes) throw new AppError('body_too_large')
    images.push({ type: 'bytes', bytes })
  }
  return images
}

/** Null when the body is JSON: then it has been validated and holds texts. */
export async function readImageBody(request: FastifyRequest, { bodyBytes }: ImageLimits): Promise<ImageInput[] | null> {
  if (request.isMultipart()) {
    return readParts(request, bodyBytes).catch((thrown: unknown) => {
      throw readFormError(thrown)
    })
  }
  if (Buffer.isBuffer(request.body)) return [{ type: 'bytes', bytes: request.body }]
  if (request.body !== undefined && request.body !== null) return null
  throw new AppError('invalid_request', { errors: [{ path: '/input', message: 'is required' }] })
}
