/**
 * Stands in for src/bin/inference.ts: same messages, no tensors. The first byte of an image says what happens:
 * 1 answers, 2 is refused as image_invalid, 3 kills the process, 4 hangs it when it comes: it says nothing any more, 5 is answered only
 * by a process that has answered before (told by `model.folder`'s marker file), 6 is answered when it is aborted, 7 never,
 * by a process that answers pings. An image has as many pixels as its third byte says millions, one without a third.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type {
  InferenceAnswer,
  InferenceControl,
  InferenceMessage,
  InferenceRequest
} from '../../src/protocol/inference-messages.ts'

const say = (message: InferenceMessage): void => void process.send!(message)
let isHanging = false
/** Requests that were not answered yet. */
const open = new Map<number, InferenceRequest>()
const timings = { decodeMs: 1, queueMs: 2, inferMs: 3, encodeMs: 4 }

function answer(request: InferenceRequest): InferenceAnswer | null {
  if (request.kind === 'picture' || request.kind === 'load' || request.kind === 'map')
    return { id: request.id, ok: false, code: 'image_invalid', message: 'pictures are not drawn here', index: 0 }
  const { id, images, kind } = request
  for (const [index, image] of images.entries()) {
    if (image[0] === 2) return { id, ok: false, code: 'image_invalid', message: 'not an image', index }
    if (image[0] === 3) process.kill(process.pid, 'SIGKILL')
    if (image[0] === 6 || image[0] === 7) return null
    if (image[0] === 5 && !existsSync(join(request.model.folder, 'died'))) {
      writeFileSync(join(request.model.folder, 'died'), '')
      process.kill(process.pid, 'SIGKILL')
    }
  }
  if (kind === 'embed') {
    const embeddings = new Float32Array(images.flatMap((image) => [image[1] ?? 0, process.pid]))
    return { id, ok: true, result: { kind, dimensions: 2, embeddings }, timings }
  }
  const result = images.map((image) => ({
    topK: [{ prototype: image[1] ?? 0, probability: 1, cosine: 1, kappa: 2 }],
    entropy: 0,
    effectiveClusters: 1,
    logDensity: 0,
    densityPercentile: null
  }))
  return { id, ok: true, result: { kind, posterior: 'teacher', images: result }, timings }
}

function reply(message: InferenceRequest | InferenceControl): InferenceMessage | null {
  if (message.kind === 'ping') return { pong: true }
  if (message.kind === 'load') {
    writeFileSync(join(message.model.folder, `loaded-${process.pid}`), '')
    const failure = { id: message.id, ok: false, code: 'model_not_ready', message: 'no program' } as const
    if (existsSync(join(message.model.folder, 'broken'))) return failure
    return { id: message.id, ok: true, result: { kind: 'load' }, timings }
  }
  if (message.kind === 'embed' || message.kind === 'assign') {
    open.set(message.id, message)
    isHanging = message.images.some((image) => image[0] === 4)
    if (isHanging) return null
    return { id: message.id, pixels: message.images.map((image) => (image[2] ?? 0) * 1e6 || 1) }
  }
  const request = open.get(message.id)
  if (!request) return null
  const { id } = request
  const answered: InferenceAnswer | null =
    message.kind === 'admit' ? answer(request) : { id, ok: false, code: 'client_gone', message: 'gone' }
  if (answered) open.delete(id)
  return answered
}

if (process.send) {
  process.once('disconnect', () => process.exit())
  process.on('message', (message: InferenceRequest | InferenceControl) => {
    const replied = isHanging ? null : reply(message)
    if (replied) say(replied)
  })
  say({ ready: true, engine: 'fake', device: 'none' })
}
