/**
 * Which image size an imported network is served at. Attention holds tokens² numbers a head: a configuration with 4096 px in
 * patches of 4 is a megatoken and was an allocation of 8.8 TB.
 */
import { type Network, tokensOf } from '../recipe/network.ts'
import { LARGEST_IMAGE, type WeightOptions } from '../recipe/weight-options.ts'
import { shownValue } from './tensor-source.ts'
import { unsupported } from './weight-layout.ts'

/** 1024 px, the largest of a run's crops, in patches of 8, with class token and registers: 1 GB of scores a head. */
const MOST_TOKENS = 128 ** 2 + 128

const PERSON = '"imageSize" (--image-size)'
const CONFIG = 'image_size of config.json'

interface Said {
  readonly options: WeightOptions
  readonly config: Readonly<Record<string, unknown>> | null
}

/** Of rotary positions, which are for any size: a person says it, or else the configuration. @throws AppError weights_unsupported */
export function rotarySize(patchSize: number, { options, config }: Said): number {
  if (options.imageSize !== undefined) return wholePatches(options.imageSize, PERSON, patchSize)
  const said = config?.['image_size'] ?? undefined
  if (said === undefined) throw unsupported(`Nothing says the size of images; ${PERSON} does.`)
  return wholePatches(said, CONFIG, patchSize)
}

/**
 * The network at the size that is asked for.
 * @param table name of the stored positions; null of rotary ones, whose size is chosen already
 * @throws AppError weights_unsupported for a size of no whole patches, or of too many
 */
export function resized(stored: Network, { imageSize }: WeightOptions, table: string | null): Network {
  const isAsked = imageSize !== undefined
  const network = isAsked ? { ...stored, imageSize: wholePatches(imageSize, PERSON, stored.patchSize) } : stored
  const tokens = tokensOf(network)
  if (tokens <= MOST_TOKENS) return network
  const who = isAsked ? PERSON : (table ?? CONFIG)
  const { imageSize: px, patchSize, registers = 0 } = network
  throw unsupported(
    `${who}: ${px} px in patches of ${patchSize}, a class token and ${registers} registers are ${tokens} tokens an image; at most ${MOST_TOKENS} are served.`
  )
}

function wholePatches(size: unknown, who: string, patchSize: number): number {
  if (typeof size !== 'number' || !Number.isInteger(size) || size < 1 || size > LARGEST_IMAGE) {
    throw unsupported(`${who} must be a whole number of pixels from 1 to ${LARGEST_IMAGE}, not ${shownValue(size)}.`)
  }
  if (size % patchSize === 0) return size
  throw unsupported(`${who}: ${size} px are no multiple of the patch size ${patchSize}.`)
}
