/** Images of datasets drawn for people: in the places of decodes, so that neither a gallery nor a batch has all of them. */
import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import { weightOf } from '../images/bands.ts'
import { drawPicture } from '../images/picture.ts'
import type { InferenceSuccess, InferenceWeight, PictureInferenceRequest } from '../protocol/inference-messages.ts'
import { type ImageDecoder, LONGEST_DECODE_S } from './decode.ts'
import type { OpenRequest } from './open-requests.ts'

export interface DrawDeps {
  readonly decoder: Pick<ImageDecoder, 'beside'>
  readonly clock: Clock
  readonly onWeighed: (weight: InferenceWeight) => void
}

/** Its record says what it weighs: the file was judged when it was packed. */
export async function drawAsked(
  { decoder, clock, onWeighed }: DrawDeps,
  { id, asker, images, isHeld, options }: PictureInferenceRequest,
  { deadline, signal, untilAdmitted }: OpenRequest
): Promise<InferenceSuccess> {
  const arrivedAt = clock.now()
  const { stored, size } = options
  const [content] = images
  if (content === undefined) throw new AppError('invalid_request', { message: 'One image is needed.' })
  const cost = Math.max(1, weightOf(stored))
  if (isHeld) {
    onWeighed({ id, pixels: [cost] })
    await untilAdmitted()
  }
  const run = () => {
    const leftS = Math.ceil((deadline - clock.now()) / 1000)
    return drawPicture(content, stored, { size, withinS: Math.max(1, Math.min(LONGEST_DECODE_S, leftS)) })
  }
  const bytes = await decoder.beside(asker, { cost, run }, signal)
  const timings = { decodeMs: clock.now() - arrivedAt, queueMs: 0, inferMs: 0, encodeMs: 0 }
  return { id, ok: true, result: { kind: 'picture', bytes }, timings }
}
