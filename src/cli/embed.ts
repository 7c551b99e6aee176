/** `kappa embed`: images in, vectors in a file that NumPy, PyTorch or jq read. */
import { mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { createEmbeddingFile, EMBEDDING_FORMATS, embeddingFormatOf, imageListOf } from '../serving/embedding-file.ts'
import { type Command, EXIT, EXIT_CODES, needed, readOptions, refusal, wholeNumber } from './command.ts'
import { embedWithProgress, openModel, originOf } from './images.ts'

const USAGE = `Embeds images with an exported model: unit vectors, one row an image, in the order of the file names.

  kappa embed --model FOLDER --images SOURCE --out FILE [options]

  --model FOLDER            as kappa train writes it (OUT/model) or kappa export
  --images SOURCE           a folder of images; a zip or tar; IDX files; one image; a packed dataset
  --out FILE                new; its ending says the format:
                              .npy          float32 [images, dimensions]
                              .safetensors  "embeddings", float32 [images, dimensions]
                              .jsonl        {"name", "label", "embedding"} a line
                            with the first two, FILE.images.jsonl has {"row", "name", "label"} a line
  --threads N               of the engine, all cores by default
  --json                    one JSON object a line on stdout; docs/cli.md has their fields

Memory does not grow with the number of images. What cannot be read is named and left out.
${EXIT_CODES}
`

const text = { type: 'string' } as const
const OPTIONS = { model: text, images: text, out: text, threads: text, json: { type: 'boolean' } } as const

export const EMBED: Command = {
  usage: USAGE,
  async run(args, output) {
    const values = readOptions(args, OPTIONS)
    const path = resolve(needed('out', values.out))
    const format = embeddingFormatOf(path)
    if (format === null) throw refusal(`--out must end with .${EMBEDDING_FORMATS.join(', .')}: ${path}`)
    for (const name of [path, imageListOf(path)]) {
      if ((await stat(name).catch(() => null)) !== null) throw refusal(`--out ${name} is there already.`)
    }
    const threads = values.threads === undefined ? undefined : wholeNumber('threads', values.threads, { least: 1 })
    const origin = await originOf('images', values.images)
    const model = await openModel(values.model, threads)
    try {
      const dimensions = model.config.embeddingDim
      await mkdir(dirname(path), { recursive: true })
      const file = await createEmbeddingFile(path, { format, dimensions })
      try {
        const unusable = await embedWithProgress({ model, origin, output }, ({ images }) => file.add(images))
        await file.finish()
        const images = file.images()
        const event = { type: 'embedded', images, unusable, dimensions, files: file.paths }
        output.show(event, `${images} images, ${dimensions} dimensions: ${file.paths.join(', ')}`)
        return EXIT.done
      } finally {
        await file.discard()
      }
    } finally {
      await model.dispose()
    }
  }
}
