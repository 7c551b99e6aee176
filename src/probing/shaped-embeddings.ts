/** Embeddings of images in their own shape: made to fit into a square, and seen as far as whole patches go. */
import { AppError } from '../base/errors.ts'
import type { Engine, LoadedProgram } from '../engine/engine.ts'
import type { Image } from '../images/image.ts'
import { withChannels } from '../images/pixels.ts'
import { resizeImage } from '../images/resize.ts'
import { type Box, roundHalfEven } from '../math/crop-geometry.ts'
import { thumbnailSize } from '../math/thumbnail.ts'
import { concatenateImages, splitRows } from '../model/embedder.ts'
import type { PreprocessTarget } from '../model/preprocess.ts'
import { shapedEmbedProgram } from '../model/programs.ts'
import { imagesAtOnce } from './copy-features.ts'
import type { ProbedModel } from './probed-model.ts'

export interface ShapedImage {
  /** [rows · P, columns · P, C] */
  readonly pixels: Uint8Array
  /** Rows and columns of patches. */
  readonly grid: readonly [number, number]
}

export interface ShapedEmbeddings {
  readonly dim: number
  /** Whose bits and bands files are read by. */
  readonly target: PreprocessTarget
  /**
   * @param box a part of the image alone, in its pixels; rounded and cut to the image as far as it lies outside
   * @throws AppError image_invalid for what has not a patch in it
   */
  see(image: Image, box: Box | null): ShapedImage
  readonly program: { run(seen: readonly ShapedImage[]): Promise<Float32Array[]> }
  dispose(): Promise<void>
}

/** Each holds all weights; photographs have two or three shapes, and few queries have one of their own. */
const MOST_PROGRAMS = 3

/** @param size pixels of the longer side; images that are smaller stay as they are */
export function openShapedEmbeddings(engine: Engine, model: ProbedModel, size: number): ShapedEmbeddings {
  const { patchSize, dim } = model.served.network
  const programs = new Map<string, LoadedProgram>()

  async function programOf(grid: ShapedImage['grid']): Promise<LoadedProgram> {
    const key = grid.join(' × ')
    const known = programs.get(key)
    programs.delete(key)
    const [oldest] = programs
    if (known === undefined && oldest !== undefined && programs.size === MOST_PROGRAMS) {
      programs.delete(oldest[0])
      await oldest[1].dispose()
    }
    const program = known ?? (await engine.load(shapedEmbedProgram(model.served, grid), { constants: model.weights }))
    programs.set(key, program) // the last one is the one that was used last
    return program
  }

  return {
    dim,
    target: model.config,
    see(image, box) {
      const source = withChannels(image, model.config.channels)
      const part = box === null ? { left: 0, top: 0, width: image.width, height: image.height } : inside(box, image)
      const fitted = thumbnailSize(part, size)
      const resized = resizeImage(source, { ...fitted, interpolation: 'lanczos', box: part, outside: 'cut' })
      return wholePatches(resized, patchSize)
    },
    program: {
      async run(seen) {
        const rows = new Array<Float32Array>(seen.length)
        for (const places of Map.groupBy(seen.keys(), (i) => seen[i]!.grid.join()).values()) {
          const { grid } = seen[places[0]!]!
          const program = await programOf(grid)
          const together = imagesAtOnce(grid[0] * grid[1] + 1)
          for (let from = 0; from < places.length; from += together) {
            const share = places.slice(from, from + together)
            const { embedding } = await program.run({ images: concatenateImages(share.map((i) => seen[i]!.pixels)) })
            for (const [at, row] of splitRows(embedding!, share.length).entries()) rows[share[at]!] = row
          }
        }
        return rows
      }
    },
    async dispose() {
      for (const program of programs.values()) await program.dispose()
    }
  }
}

/** As Python's Pillow crops, whose coordinates are rounded with halves to even; nothing is added outside of the image. */
function inside({ left, top, width, height }: Box, image: Image): Box {
  const [x0, x1] = [left, left + width].map((x) => Math.min(image.width, Math.max(0, roundHalfEven(x)))) as [
    number,
    number
  ]
  const [y0, y1] = [top, top + height].map((y) => Math.min(image.height, Math.max(0, roundHalfEven(y)))) as [
    number,
    number
  ]
  if (x1 > x0 && y1 > y0) return { left: x0, top: y0, width: x1 - x0, height: y1 - y0 }
  throw new AppError('image_invalid', {
    message: `The box of the query lies outside of ${image.width} × ${image.height} pixels.`
  })
}

/** A convolution over patches drops what is left at the right and at the bottom. */
function wholePatches({ data, width, height, channels }: Image, patchSize: number): ShapedImage {
  const grid = [Math.floor(height / patchSize), Math.floor(width / patchSize)] as const
  if (grid[0] === 0 || grid[1] === 0) {
    const message = `The image becomes ${width} × ${height} pixels, which are less than a patch of ${patchSize}.`
    throw new AppError('image_invalid', { message })
  }
  const [rows, row] = [grid[0] * patchSize, grid[1] * patchSize * channels]
  const pixels = new Uint8Array(rows * row)
  for (let y = 0; y < rows; y++) {
    const from = y * width * channels
    pixels.set(data.subarray(from, from + row), y * row)
  }
  return { pixels, grid }
}
