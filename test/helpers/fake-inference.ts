/**
 * Stands in for src/bin/inference.ts: same messages, no tensors. The first byte of an image says what happens:
 * 1 answers, 2 is refused as image_invalid, 3 kills the process, 4 is never answered, 5 is answered only by a process
 * that has answered before (told by `model.folder`'s marker file).
 */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { InferenceAnswer, InferenceMessage, InferenceRequest } from '../../src/protocol/inference-messages.ts'

const say = (message: InferenceMessage): void => void process.send!(message)
const timings = { decodeMs: 1, queueMs: 2, inferMs: 3, encodeMs: 4 }

function answer(request: InferenceRequest): InferenceAnswer | null {
  const { id, images, kind } = request
  for (const [index, image] of images.entries()) {
    if (image[0] === 2) return { id, ok: false, code: 'image_invalid', message: 'not an image', index }
    if (image[0] === 3) process.kill(process.pid, 'SIGKILL')
    if (image[0] === 4) return null
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
    topK: [{ prototype: image[1] ?? 0, probability: 1, cosine: 1, kappa: 2, expectedCosine: 0.5 }],
    entropy: 0,
    effectiveClusters: 1,
    logDensity: 0,
    densityPercentile: null
  }))
  return { id, ok: true, result: { kind, temperature: 0.04, images: result }, timings }
}

if (process.send) {
  process.once('disconnect', () => process.exit())
  process.on('message', (request: InferenceRequest) => {
    const answered = answer(request)
    if (answered) say(answered)
  })
  say({ ready: true, engine: 'fake', device: 'none' })
}
