/** How the files beside weights say that images are resized: `preprocessor_config.json` of transformers, or timm's `config.json`. */
import { isRecord } from '../base/json.ts'
import type { Preprocessing } from '../recipe/preprocessing.ts'
import type { WeightFiles } from './weight-files.ts'
import { unsupported } from './weight-layout.ts'
import { numberIn } from './weight-sizes.ts'

type Fields = Readonly<Record<string, unknown>>

/** Before it is brought to the size that the network has now. */
interface StoredRule extends Omit<Preprocessing, 'interpolation'> {
  readonly filter: unknown
}

/** Pillow's numbers, and timm's names. */
const INTERPOLATIONS = new Map<unknown, Preprocessing['interpolation']>([
  [2, 'bilinear'],
  [3, 'bicubic'],
  ['bilinear', 'bilinear'],
  ['bicubic', 'bicubic']
])
/** Whose plain number as `size` is the shorter side's, and which cut a square without being told. */
const OF_SHORTER_SIDE = /^(Bit|CLIP)/
const CUTS = /^(Bit|CLIP|Deit|DeiT)/
const TIMM_CROP_SHARE = 0.875
/** What is resized over what is cut from it: of more, hardly anything of an image is seen. */
const MOST_CUT = 8

/**
 * Null where the files do not say. At another size than theirs the proportions stay.
 *
 * @throws AppError weights_unsupported for a rule that cannot be followed, such as one that pads: vectors would be others
 */
export function storedPreprocessing(
  { preprocessor, config }: Pick<WeightFiles, 'preprocessor' | 'config'>,
  imageSize: number
): Preprocessing | null {
  const timm = config?.['pretrained_cfg']
  const stored = (preprocessor && ruleOfTransformers(preprocessor)) ?? (isRecord(timm) ? ruleOfTimm(timm) : null)
  if (stored === null) return null
  const { resize, side, crop, filter } = stored
  const interpolation = INTERPOLATIONS.get(filter)
  if (interpolation === undefined) throw cannotFollow(`resamples by ${JSON.stringify(filter)}`)
  const isSane = Number.isFinite(side) && Number.isFinite(crop) && crop >= 1 && side <= MOST_CUT * crop
  if (!isSane || side < 1) throw cannotFollow(`resizes to ${side} and cuts ${crop}`)
  if (side < crop) throw cannotFollow(`pads ${side} pixels to ${crop}`)
  return { resize, side: Math.round((imageSize * side) / crop), interpolation, crop: imageSize }
}

const cannotFollow = (what: string) =>
  unsupported(`The configuration ${what}, which is not done here; without it images are resized as by DINO.`)

/** https://huggingface.co/docs/transformers/main_classes/image_processor; older files have a number as `size`. */
function ruleOfTransformers(fields: Fields): StoredRule | null {
  const { size, crop_size: cropSize } = fields
  if (size === undefined) return null
  const type = String(fields['image_processor_type'] ?? fields['feature_extractor_type'] ?? '')
  if (fields['do_resize'] === false) throw cannotFollow('does not resize')
  const resize =
    (isRecord(size) && 'shortest_edge' in size) || (typeof size === 'number' && OF_SHORTER_SIDE.test(type))
      ? 'shorter_side'
      : 'both_sides'
  const side = resize === 'shorter_side' && isRecord(size) ? (numberIn(size, 'shortest_edge') ?? 0) : squareOf(size)
  const cuts = fields['do_center_crop'] ?? CUTS.test(type)
  if (cuts !== true && resize === 'shorter_side') throw cannotFollow('leaves the shape as it is')
  const filter = fields['resample'] ?? (CUTS.test(type) ? 3 : 2)
  return { resize, side, crop: cuts === true ? squareOf(cropSize ?? 224) : side, filter }
}

function squareOf(size: unknown): number {
  if (typeof size === 'number') return size
  const [height, width] = [numberIn(size, 'height'), numberIn(size, 'width')]
  if (height !== undefined && height === width) return height
  throw cannotFollow(`asks for the size ${JSON.stringify(size)}`)
}

/** timm's create_transform for evaluation. */
function ruleOfTimm(fields: Fields): StoredRule | null {
  const [, crop] = Array.isArray(fields['input_size']) ? (fields['input_size'] as unknown[]) : []
  const { crop_pct: share, crop_mode: mode = 'center', interpolation } = fields
  if (share !== undefined && share !== null && typeof share !== 'number')
    throw cannotFollow(`cuts ${JSON.stringify(share)} of an image`)
  if (typeof crop !== 'number' || (share === undefined && interpolation === undefined)) return null
  if (mode !== 'center' && mode !== 'squash') throw cannotFollow(`crops by ${JSON.stringify(mode)}`)
  const side = Math.floor(crop / (typeof share === 'number' ? share : TIMM_CROP_SHARE))
  return { resize: mode === 'squash' ? 'both_sides' : 'shorter_side', side, crop, filter: interpolation ?? 'bicubic' }
}
