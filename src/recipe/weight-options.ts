/** What a person may say about weights that their files do not. */
import type { Bits } from './bits.ts'
import type { Arch, Method } from './schema.ts'

/** Whose names and conventions: the three repositories, timm, or Hugging Face's ViTModel and Dinov2Model. */
export const WEIGHT_FORMATS = ['dino', 'ibot', 'dinov2', 'timm', 'huggingface'] as const
export type WeightFormat = (typeof WEIGHT_FORMATS)[number]

/** How positions become those of another image size; see interop/position-table.ts. */
export const POSITION_RESAMPLINGS = ['offset', 'size', 'antialias'] as const
export type PositionResampling = (typeof POSITION_RESAMPLINGS)[number]

export const CHECKPOINT_NETWORKS = ['teacher', 'student'] as const
export type CheckpointNetwork = (typeof CHECKPOINT_NETWORKS)[number]

/** Pixels of a side, whoever says it. */
export const LARGEST_IMAGE = 4096

export interface WeightOptions {
  /** Told by the names of the tensors unless it is given. */
  readonly format?: WeightFormat
  /** Says the heads, and that all other sizes must be its. */
  readonly arch?: Arch
  /** Needed where it is neither in a config.json nor width / 64. */
  readonly heads?: number
  /** Side in pixels; the positions are resampled when it is not the stored one. */
  readonly imageSize?: number
  readonly resampling?: PositionResampling
  /** Of a whole training checkpoint. */
  readonly network?: CheckpointNetwork
  /** Per channel, on pixels scaled to 0…1; from the files' own configuration, or else ImageNet's. */
  readonly mean?: readonly number[]
  readonly std?: readonly number[]
  /** That hold the samples of 16-bit PNG and TIFF that the model will see; 16 unless it is given. */
  readonly bits?: Bits
  /** Of a head: what assignments are made with. From the checkpoint's arguments unless it is given. */
  readonly temperature?: number
  /** Of a head: whether log C_p belongs to its logits. */
  readonly method?: Method
}
