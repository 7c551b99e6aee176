/** What Hugging Face's config.json says of a network: where tensors tell it too, both must say the same, or one of them is another model's. */
import { LAYER_NORM_EPS, type Network } from '../recipe/network.ts'
import { shownValue } from './tensor-source.ts'
import { type Layout, unsupported } from './weight-layout.ts'

/** Of Hugging Face's ViTConfig, where its config.json does not say. Its Dinov2Config has DINO's. */
const HUGGING_FACE_VIT_EPS = 1e-12
/** Of Hugging Face's DINOv3ViTConfig. */
const DINOV3_EPS = 1e-5
/** Less is 0 in float32, or nearly; more than that would hide the variance that it is added to. */
const EPS_RANGE = [1e-37, 0.1] as const

type Config = Readonly<Record<string, unknown>> | null

/** @throws AppError weights_unsupported naming the field, its value and what is stored */
export function checkStated(config: Config, { format }: Pick<Layout, 'format'>, network: Network): void {
  if (format !== 'huggingface' || config === null) return
  const isGated = network.gatedDim !== undefined
  const stored: Readonly<Record<string, number | boolean>> = {
    patch_size: network.patchSize,
    num_channels: network.channels,
    num_register_tokens: network.registers ?? 0,
    hidden_size: network.dim,
    num_hidden_layers: network.depth,
    // DINOv3's and DINOv2's word for the same.
    use_gated_mlp: isGated,
    use_swiglu_ffn: isGated
  }
  for (const [field, value] of Object.entries(stored)) {
    const said = config[field] ?? undefined
    if (said === undefined || isSame(said, value)) continue
    throw unsupported(`${field} of config.json is ${shownValue(said)}, and the stored tensors have ${value}.`)
  }
}

/** Of two sides transformers takes a pair. */
const isSame = (said: unknown, stored: number | boolean): boolean =>
  said === stored || (Array.isArray(said) && said.length === 2 && said.every((side) => side === stored))

/** @throws AppError weights_unsupported for one that float32 does not have or no layer could use */
export function epsilonOf({ format, hasLayerScale, names }: Layout, config: Config): number {
  if (format !== 'huggingface') return LAYER_NORM_EPS
  const usual = hasLayerScale ? LAYER_NORM_EPS : HUGGING_FACE_VIT_EPS
  const said = config?.['layer_norm_eps'] ?? (names.position === null ? DINOV3_EPS : usual)
  const [least, most] = EPS_RANGE
  if (typeof said === 'number' && said >= least && said <= most) return said
  throw unsupported(`layer_norm_eps of config.json must be a number from ${least} to ${most}, not ${shownValue(said)}.`)
}
