/** Tokens of patches, and maps of them, as files that NumPy or safetensors read: a number of JSON is three times as long. */
import type { FastifyReply } from 'fastify'
import { npyHeadOf } from '../../base/npy.ts'
import { encodeSafetensors } from '../../base/safetensors.ts'
import type { EmbedAnswer } from '../../services/serving/serving.ts'

const RAW = 'application/octet-stream'

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)

/** @param arrays behind one another, of `shape` together */
export function sendNpy(reply: FastifyReply, arrays: readonly Float32Array[], shape: readonly number[]): FastifyReply {
  const bytes = Buffer.concat([npyHeadOf(shape), ...arrays.map(bytesOf)])
  return reply.header('kappa-shape', shape.join(',')).type(RAW).send(bytes)
}

/** [images, rows, columns, dimensions]. */
export function sendPatches(
  reply: FastifyReply,
  { model, embeddings, dimensions, imageSize }: EmbedAnswer,
  format: 'npy' | 'safetensors'
): FastifyReply {
  const side = imageSize / model.config.patchSize
  const shape = [embeddings.length, side, side, dimensions]
  if (format === 'npy') return sendNpy(reply, embeddings, shape)
  const data = new Float32Array(embeddings.length * side * side * dimensions)
  embeddings.forEach((tokens, image) => void data.set(tokens, image * tokens.length))
  const metadata = { model: model.name, image_size: String(imageSize), patch_size: String(model.config.patchSize) }
  const file = encodeSafetensors(new Map([['patches', { shape, data }]]), metadata)
  return reply.header('kappa-shape', shape.join(',')).type(RAW).send(Buffer.concat(file))
}
