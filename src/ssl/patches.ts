/** From pixels to what the patch embedding multiplies. */
import { type Tensor, tf } from '../engine/tf.ts'
import type { Patches } from './embed.ts'

export interface PixelScale {
  /** Per channel, on pixels scaled to 0…1. */
  readonly mean: readonly number[]
  readonly std: readonly number[]
}

/** images [batch, height, width, channels], both whole patches → [patches, batch, channels · patch²], in the order of PyTorch's Conv2d weight. */
export function cutPatches(images: Tensor, patchSize: number): Tensor {
  const [batch, height, width, channels] = images.shape as [number, number, number, number]
  const [rows, columns] = [height / patchSize, width / patchSize]
  const cut = tf.reshape(images, [batch, rows, patchSize, columns, patchSize, channels])
  const ordered = tf.transpose(cut, [1, 3, 0, 5, 2, 4])
  return tf.reshape(ordered, [rows * columns, batch, channels * patchSize * patchSize])
}

/** The same from bytes, normalized: (x / 255 − mean) / std. */
export function pixelPatches(images: Tensor, patchSize: number, { mean, std }: PixelScale): Patches {
  const patches = tf.cast(cutPatches(images, patchSize), 'float32')
  const each = <T>(values: readonly T[]) => values.flatMap((value) => new Array<T>(patchSize * patchSize).fill(value))
  const scale = tf.tensor1d(each(std.map((deviation) => 1 / (255 * deviation))))
  const shift = tf.tensor1d(each(std.map((deviation, channel) => mean[channel]! / deviation)))
  return tf.sub(tf.mul(patches, scale), shift)
}
