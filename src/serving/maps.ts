/** Of one image: where the class token looked, or how much each patch is like a prototype. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { AppError, invariant } from '../base/errors.ts'
import { drawMap } from '../images/colour-map.ts'
import { indexOfLargest, posteriorOf } from '../model/assigner.ts'
import type { MapInferenceRequest, MapResult } from '../protocol/inference-messages.ts'
import { defaultPosterior, type ModelFileConfig } from '../protocol/model-folder.ts'
import type { ServedHead } from './serving-model.ts'

/** A posterior takes 10 to 30 ns a prototype: others get their turn after so many. */
const NUMBERS_PER_TURN = 300_000

export interface Mapped {
  readonly config: ModelFileConfig
  readonly head: ServedHead | null
  /** [S, S, C] that the model saw. */
  readonly pixels: Uint8Array
  /** That its program gave for them. */
  readonly row: Float32Array
}

type Found = Pick<MapResult, 'maps' | 'heads' | 'elsewhere' | 'image'> & { readonly drawn: Float32Array }

export async function mapOf(request: MapInferenceRequest, mapped: Mapped): Promise<MapResult> {
  const { config, pixels } = mapped
  const { kind } = request.model.view
  const side = config.imageSize / config.patchSize
  const { drawn, ...found } = kind === 'attention' ? attentionOf(request, mapped, side) : await heatOf(request, mapped)
  const range = rangeOf(drawn, kind === 'heat' && request.options.value !== 'posterior')
  const { draw } = request.options
  const under = { data: pixels, width: config.imageSize, height: config.imageSize, channels: config.channels }
  const png = draw === undefined ? null : drawMap({ values: drawn, side, range }, under, draw === 'overlay')
  return { kind: 'map', side, ...found, range, png }
}

/** Cosines have no 0 that means nothing; shares do. */
function rangeOf(values: Float32Array, isCosine: boolean): readonly [number, number] {
  const most = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
  return [isCosine ? values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY) : 0, most]
}

function attentionOf({ options }: MapInferenceRequest, { config, row }: Mapped, side: number): Found {
  const patches = side * side
  const all = config.network.heads
  const tokens = row.length / all
  const heads = options.head === undefined ? Array.from({ length: all }, (_, head) => head) : [options.head]
  const maps = new Float32Array(heads.length * patches)
  const drawn = new Float32Array(patches)
  const elsewhere = heads.map((head, i) => {
    const own = row.subarray(head * tokens, (head + 1) * tokens)
    const seen = own.subarray(tokens - patches)
    maps.set(seen, i * patches)
    for (let p = 0; p < patches; p++) drawn[p]! += seen[p]! / heads.length
    return own.subarray(0, tokens - patches).reduce((sum, value) => sum + value, 0)
  })
  return { maps, heads, elsewhere, image: null, drawn }
}

async function heatOf({ options }: MapInferenceRequest, { head, row }: Mapped): Promise<Found> {
  invariant(head !== null, 'a heat map of a model without prototypes')
  const { prototypes: count, views } = head
  const mixture = views[defaultPosterior(head)] ?? views.model
  const cosinesOf = (token: number) => row.subarray(token * count, (token + 1) * count)
  const image = posteriorOf(cosinesOf(0), mixture)
  const prototype = options.prototype ?? indexOfLargest(image)
  const patches = row.length / count - 1
  const maps = new Float32Array(patches)
  for (let p = 0; p < patches; p++) {
    const cosines = cosinesOf(1 + p)
    maps[p] = options.value === 'posterior' ? posteriorOf(cosines, mixture)[prototype]! : cosines[prototype]!
    if (options.value === 'posterior' && (p * count) % NUMBERS_PER_TURN < count) await nextTurn()
  }
  const found = { prototype, cosine: cosinesOf(0)[prototype]!, probability: image[prototype]! }
  return { maps, heads: [], elsewhere: [], image: found, drawn: maps }
}

/** What the API cannot know, which has no number of heads in its records. @throws AppError invalid_request */
export function checkMap({ images, options }: MapInferenceRequest, { network }: ModelFileConfig): void {
  if (images.length !== 1) throw new AppError('invalid_request', { message: 'One image is taken.' })
  const { head, prototype } = options
  if (head !== undefined && !(Number.isInteger(head) && head >= 0 && head < network.heads))
    throw new AppError('invalid_request', { message: `The model has ${network.heads} heads, counted from 0.` })
  if (prototype !== undefined && !(Number.isInteger(prototype) && prototype >= 0 && prototype < network.prototypes))
    throw new AppError('invalid_request', {
      message: `The model has ${network.prototypes} prototypes, counted from 0.`
    })
}
