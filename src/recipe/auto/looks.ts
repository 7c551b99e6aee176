/** What of the images is looked at: channels, crops and patches. */
import { isBands } from '../bands.ts'
import { WHOLE_RANGE } from '../bits.ts'
import { bandsOf } from '../dataset-report.ts'
import { demo } from '../presets/demo.ts'
import { vitSmall16 } from '../presets/imagenet.ts'
import { IMAGENET, type Preset } from '../presets/preset.ts'
import { smallImages } from '../presets/small-images.ts'
import type { Arch, Hyperparameters } from '../schema.ts'
import { isNear } from './circumstances.ts'
import { count, isSmall, type Situation } from './situation.ts'

type Crops = Hyperparameters['crops']

/** Fewer coloured images than that are stamps or a scan's tint among gray ones. */
const LEAST_COLOUR = 0.01

export function chooseChannels({ images, wishes, say }: Situation): number {
  if (wishes.channels !== undefined) return wishes.channels
  const bands = images.pixels && bandsOf(images.pixels)
  if (bands !== null) {
    say(`${bands} channels: the bands of these images. Nothing that changes colours is done to them.`)
    return bands
  }
  const { colour, images: all } = images
  if (colour === null) {
    say('3 channels: whether the images have colour was not recorded, and gray ones lose nothing by it.')
    return 3
  }
  const isGray = colour < LEAST_COLOUR * all
  const lost = isGray && colour > 0 ? ` (fewer than ${100 * LEAST_COLOUR} %, which become gray)` : ''
  say(`${isGray ? '1 channel' : '3 channels'}: ${count(colour)} of ${count(all)} images are in colour${lost}.`)
  return isGray ? 1 : 3
}

/** Nothing where it makes no difference: a recipe that leaves bits out reads all 16. */
export function chooseBits({ images, wishes, say }: Situation): Pick<Hyperparameters, 'bits'> {
  const bits = images.bits ?? WHOLE_RANGE
  if (wishes.bits !== undefined || bits === WHOLE_RANGE) return {}
  say(`${bits} bits of 16-bit samples: none of these images needs more, and by all 16 they would be dark.`)
  return { bits }
}

interface Grid {
  readonly global: number
  readonly local: number
  readonly patch: number
}

/**
 * By the side that images have at least. 28/7 is the demo's, 32/4 that of small-images, 224/16 DINO's; 64/8 has the number of
 * patches of 32/4, and 112/8 that of 224/16.
 */
const GRIDS: readonly (Grid & { readonly from: number })[] = [
  { from: 0, global: 16, local: 8, patch: 4 },
  { from: 24, global: 28, local: 14, patch: 7 },
  { from: 32, global: 32, local: 16, patch: 4 },
  { from: 64, global: 64, local: 32, patch: 8 },
  { from: 112, global: 112, local: 48, patch: 8 },
  { from: 224, global: 224, local: 96, patch: 16 }
]
/** Where small networks end: on a CPU four times the patches are more than four times the time. */
const LARGEST_SMALL = 64
const UNKNOWN_SIDE = 224
const LARGEST_PATCH = 64
const SMALLEST_CROP = 4

function gridFor(arch: Arch, side: number): Grid {
  const fitting = GRIDS.filter(({ global, from }) => from <= side && (!isSmall(arch) || global <= LARGEST_SMALL))
  return fitting.at(-1) ?? GRIDS[0]!
}

/** The patch that cuts a crop of a side that somebody asked for into about as many patches as the grids have. */
function patchFor(global: number, local: number | undefined, arch: Arch): number {
  const wanted = isSmall(arch) || global <= LARGEST_SMALL ? 64 : 196
  const fits = (patch: number) => global % patch === 0 && (local ?? 0) % patch === 0
  const missed = (patch: number) => Math.abs(Math.log((global / patch) ** 2 / wanted))
  const patches = Array.from({ length: LARGEST_PATCH }, (_, i) => i + 1).filter(fits)
  return patches.reduce((best, patch) => (missed(patch) < missed(best) ? patch : best), 1)
}

function multipleOf(patch: number, side: number): number {
  const nearest = Math.max(1, Math.round(side / patch)) * patch
  return Math.max(nearest, Math.ceil(SMALLEST_CROP / patch) * patch)
}

/** Sides of the crops and of a patch, which divides both: those that are asked for, and what goes with them. */
function chooseGrid({ images, request, wishes, say }: Situation, arch: Arch): Grid {
  const known = gridFor(arch, images.shorterSide ?? UNKNOWN_SIDE)
  const asked = { global: wishes.crops?.global?.size, local: wishes.crops?.local?.size, patch: request.patchSize }
  const fitsKnown = asked.global === undefined && (asked.local ?? 0) % known.patch === 0
  const globalOf = (patch: number | undefined) => (patch === undefined ? known.global : multipleOf(patch, known.global))
  const global = asked.global ?? globalOf(asked.patch)
  const patch = asked.patch ?? (fitsKnown ? known.patch : patchFor(global, asked.local, arch))
  const local = asked.local ?? multipleOf(patch, (global * known.local) / known.global)
  const side =
    images.shorterSide === null
      ? 'of sizes that were not recorded'
      : `whose shorter side is ${images.shorterSide} px (median)`
  const less = isSmall(arch) && known.global === LARGEST_SMALL ? `, as many pixels as ${arch} learns from in time` : ''
  const why = asked.global === undefined ? `of images ${side}${less}` : `${global} were asked for`
  say(`Global crops of ${global} px and local ones of ${local}, in patches of ${patch}: ${why}.`)
  return { global, local, patch }
}

export interface Looks {
  readonly patchSize: number
  readonly crops: Crops
  readonly augmentation: Hyperparameters['augmentation']
  readonly normalization: Hyperparameters['normalization']
}

/** Images below it are cut out tightly, as the demo's are. */
const CUT_OUT = 32

export const areCutOut = ({ images: { shorterSide } }: Situation): boolean => (shorterSide ?? UNKNOWN_SIDE) < CUT_OUT
/** Crops from which on DINO's shares of the area leave enough to be seen. */
const LARGE_CROP = 112

/** The preset whose crops and augmentation fit. */
function looksOf(situation: Situation, global: number): readonly [Preset, string] {
  if (areCutOut(situation))
    return [demo, "Crops of most of the image, bilinear, as the demo's: wider ones taught small squares less."]
  if (global < LARGE_CROP)
    return [
      smallImages,
      'Global crops of half the image and more, as in small-images: a few pixels of a small crop show too little.'
    ]
  return [vitSmall16, "Shares of the area and augmentation as DINO's for photographs."]
}

export function chooseLooks(situation: Situation, { arch, channels }: { arch: Arch; channels: number }): Looks {
  const { global, local, patch } = chooseGrid(situation, arch)
  const [like, why] = looksOf(situation, global)
  situation.say(why)
  const { crops, augmentation } = like.hyperparameters
  return {
    patchSize: patch,
    crops: { ...crops, global: { ...crops.global, size: global }, local: { ...crops.local, size: local } },
    augmentation: augmentationOf(augmentation, channels),
    normalization: chooseNormalization(situation, channels)
  }
}

type Augmentation = Hyperparameters['augmentation']

function augmentationOf(like: Augmentation, channels: number): Augmentation {
  if (isBands(channels)) return ofBands(like)
  return channels === 3 ? inColour(like) : inGray(like)
}

const ofBands = (augmentation: Augmentation): Augmentation => ({
  ...augmentation,
  grayscale: 0,
  solarize: 0,
  jitter: { probability: 0, brightness: 0, contrast: 0, saturation: 0, hue: 0 }
})

/** The demo's has no colour to change. */
function inColour(augmentation: Augmentation): Augmentation {
  const { saturation, hue } = smallImages.hyperparameters.augmentation.jitter
  const { grayscale } = smallImages.hyperparameters.augmentation
  return { ...augmentation, grayscale, jitter: { ...augmentation.jitter, saturation, hue } }
}

const inGray = (augmentation: Augmentation): Augmentation => ({
  ...augmentation,
  grayscale: 0,
  jitter: { ...augmentation.jitter, saturation: 0, hue: 0 }
})

/** Of ITU-R 601 luma over IMAGENET's channels; the deviation of channels that go together. */
const IMAGENET_LUMA = { mean: [0.459], std: [0.226] }
/** As far as collections of photographs are from each other in mean and deviation. */
const ALIKE = [0.1, 0.06] as const
/** A deviation that divides by nearly nothing would blow noise up. */
const LEAST_STD = 0.05

/** Of measurements nothing is usual: half of the range, and half of that. */
const usualOf = (channels: number): Hyperparameters['normalization'] =>
  isBands(channels)
    ? { mean: Array<number>(channels).fill(0.5), std: Array<number>(channels).fill(0.25) }
    : channels === 3
      ? IMAGENET
      : IMAGENET_LUMA

function chooseNormalization({ images, wishes, say }: Situation, channels: number): Hyperparameters['normalization'] {
  const usual = usualOf(channels)
  const named = isBands(channels) ? 'a mean of 0.5 and a deviation of 0.25' : "ImageNet's mean and deviation"
  const measuredBy = images.bits ?? null
  if (measuredBy !== null && wishes.bits !== undefined && wishes.bits !== measuredBy) {
    say(`Normalization by ${named}: these images were measured by ${measuredBy} bits.`)
    return usual
  }
  const { bands, rgb, luma } = images.pixels ?? {}
  const measured = isBands(channels) ? bands : channels === 3 ? rgb : luma
  if (measured?.mean.length !== channels) {
    say(`Normalization by ${named}: those of these images were not recorded.`)
    return usual
  }
  if (!isBands(channels) && isNear(measured, usual, ALIKE)) {
    say("Normalization by ImageNet's mean and deviation: those of these images are near them.")
    return usual
  }
  const rounded = (values: readonly number[], least: number) =>
    values.map((value) => Math.min(1, Math.max(least, Number(value.toFixed(3)))))
  const mean = rounded(measured.mean, 0)
  say(
    `Normalization by the measured mean (${mean.join(', ')}) and deviation: ${isBands(channels) ? 'that of each band' : 'they are not those of photographs'}.`
  )
  return { mean, std: rounded(measured.std, LEAST_STD) }
}
