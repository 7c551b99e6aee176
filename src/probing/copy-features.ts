/** What copy detection compares of an image, from pixels: the class token beside the power mean of the patches. */
import type { Engine } from '../engine/engine.ts'
import { concatenateImages, splitRows } from '../model/embedder.ts'
import type { PreprocessTarget } from '../model/preprocess.ts'
import { copyProgram } from '../model/programs.ts'
import { copySizeOf } from '../recipe/network.ts'
import type { ProbedModel } from './probed-model.ts'

export interface CopyFeatures {
  /** Numbers of an image. */
  readonly dim: number
  /** Both sides are resized, whatever the shape was, as the original has it. */
  readonly target: PreprocessTarget
  readonly program: {
    /** @param pixels images of [S, S, C] bytes; → [dim] of each, of any length */
    run(pixels: readonly Uint8Array[]): Promise<Float32Array[]>
  }
  dispose(): Promise<void>
}

/** Pixels of a side that copies are compared at: what was chosen, or the protocol's own. */
export const copySize = ({ served: { network } }: ProbedModel, imageSize: number | undefined): number =>
  imageSize ?? copySizeOf(network)

/** Bounds what attention holds at once: 5 images of 1,600 patches. */
const TOKENS_AT_ONCE = 8192

/** Images that go through the network together. */
export const imagesAtOnce = (tokens: number): number => Math.max(1, Math.floor(TOKENS_AT_ONCE / tokens))

/** @param size of whole patches, in pixels */
export async function openCopyFeatures(engine: Engine, model: ProbedModel, size: number): Promise<CopyFeatures> {
  const { served, config, weights } = model
  const loaded = await engine.load(copyProgram(served, size), { constants: weights })
  const together = imagesAtOnce((size / served.network.patchSize) ** 2 + 1)
  return {
    dim: 2 * served.network.dim,
    target: {
      channels: config.channels,
      preprocessing: { resize: 'both_sides', side: size, crop: size, interpolation: 'bicubic' }
    },
    program: {
      async run(pixels) {
        const rows: Float32Array[] = []
        for (let from = 0; from < pixels.length; from += together) {
          const images = pixels.slice(from, from + together)
          const { features } = await loaded.run({ images: concatenateImages(images) })
          rows.push(...splitRows(features!, images.length))
        }
        return rows
      }
    },
    dispose: () => loaded.dispose()
  }
}
