/** How large a network, head and batch. */
import type { Arch } from '../schema.ts'
import { count, counted, isSmall, powerOfTwoBelow, type Situation } from './situation.ts'

/** Images from which on a GPU trains it. tiny: small-images; small and base: DINO's, for the 1.28 million of ImageNet and more. */
const OF_GPU: readonly (readonly [from: number, arch: Arch])[] = [
  [0, 'vit_nano'],
  [2000, 'vit_tiny'],
  [100_000, 'vit_small'],
  [5_000_000, 'vit_base']
]

export function chooseArch({ images: { images }, device, request, say }: Situation): Arch {
  if (request.arch !== undefined) return request.arch
  if (device.kind === 'cpu') {
    say('Network vit_nano: the next larger one, vit_tiny, takes twenty times as long, which is for a GPU.')
    return 'vit_nano'
  }
  const arch = OF_GPU.findLast(([from]) => from <= images)![1]
  say(`Network ${arch}: what ${counted(images, 'image')} can fill, and a GPU trains.`)
  return arch
}

/** Through two points: the demo's 256 prototypes of 9,000 images, and iBOT's 8,192 of ImageNet's 1.28 million. */
const PROTOTYPES = { of: 256, images: 9000, exponent: 0.7 }
const FEWEST = 64
const MOST = 65_536
/** The runs of small networks are too short to fill more. */
const MOST_OF_SMALL = 1024

export function choosePrototypes({ images: { images }, wishes, say }: Situation, arch: Arch): number {
  if (wishes.prototypes !== undefined) return wishes.prototypes
  const exact = PROTOTYPES.of * (Math.max(1, images) / PROTOTYPES.images) ** PROTOTYPES.exponent
  const chosen = Math.min(isSmall(arch) ? MOST_OF_SMALL : MOST, Math.max(FEWEST, 2 ** Math.round(Math.log2(exact))))
  const each = Math.round(images / chosen)
  say(
    each < 1
      ? `K = ${count(chosen)} prototypes, the fewest that are chosen: more than there are images.`
      : `K = ${count(chosen)} prototypes, one for about ${counted(each, 'image')}: it grows as images^0.7, and more would stay unused.`
  )
  return chosen
}

const STEPS_OF_FEW = 8
const LARGEST_OF_CPU = 64
const STEPS_OF_MANY = 128
const LARGEST_OF_GPU = 1024

/** A multiple of what the request says that it is divided by. */
export function chooseBatch({ images: { images }, device, wishes, say }: Situation, arch: Arch): number {
  if (wishes.batchSize !== undefined) return wishes.batchSize
  const few = Math.min(LARGEST_OF_CPU, images / STEPS_OF_FEW)
  const many = device.kind === 'cpu' || isSmall(arch) ? 0 : Math.min(LARGEST_OF_GPU, images / STEPS_OF_MANY)
  const wanted = powerOfTwoBelow(Math.max(few, many, Math.min(STEPS_OF_FEW, images / 2)))
  const parts = (wishes.accumulationSteps ?? 1) * device.devices
  const batch = Math.max(1, Math.floor(wanted / parts)) * parts
  const steps = Math.floor(images / batch)
  say(`Batches of ${counted(batch, 'image')}: ${counted(steps, 'step')} an epoch of ${counted(images, 'image')}.`)
  return batch
}
