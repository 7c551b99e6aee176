/** `kappa embed`: images in, vectors in a file that NumPy, PyTorch or jq read. */

import { rmSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { ServingChoice } from '../engine/serving-choice.ts'
import {
  createEmbeddingFile,
  EMBEDDING_FORMATS,
  type EmbeddingFormat,
  embeddingFormatOf,
  imageListOf
} from '../serving/embedding-file.ts'
import {
  type Command,
  EXIT,
  EXIT_CODES,
  type ExitCode,
  fromEnvironment,
  needed,
  refusal,
  threadsOf
} from './command.ts'
import { counted } from './counted.ts'
import { type Embedding, embedWithProgress, modelFolderOf, openServed, originOf } from './images.ts'
import { untilInterrupted } from './interrupt.ts'
import { checkNew } from './new-path.ts'
import { readOptions } from './options.ts'

const USAGE = `Embeds images with an exported model: unit vectors, one row an image, in the order of the file names.

  kappa embed --model FOLDER --images SOURCE --out FILE [options]
  kappa embed --remote MODEL PATH… --out FILE             with a model of a server: kappa embed --remote MODEL --help

  --model FOLDER            as kappa train writes it (OUT/model) or kappa export
  --images SOURCE           a folder of images; a zip or tar; IDX files; one image; a packed dataset
  --out FILE                new; its ending says the format:
                              .npy          float32 [images, dimensions]
                              .safetensors  "embeddings", float32 [images, dimensions]
                              .jsonl        {"name", "label", "embedding"} a line
                            beside the first two, FILE's name with .images.jsonl has {"row", "name", "label"} a line
  --threads N               of the engine, all cores by default
  --json                    one JSON object a line on stdout; docs/cli.md has their fields

KAPPA_INFERENCE_ENGINE=xla computes on a GPU, or what npx kappa engine install has brought (docs/engines.md).
Memory does not grow with the number of images. What cannot be read is left out; five are named, all with --json.
${EXIT_CODES}
`

const text = { type: 'string' } as const
const OPTIONS = { model: text, images: text, out: text, threads: text, json: { type: 'boolean' } } as const

/** @param readServing what the environment says of KAPPA_INFERENCE_ENGINE */
export const createEmbedCommand = (readServing: () => ServingChoice): Command => ({
  usage: USAGE,
  async run(args, output) {
    const values = readOptions(args, OPTIONS)
    const path = resolve(needed('out', values.out))
    const format = embeddingFormatOf(path)
    if (format === null) throw refusal(`--out must end with .${EMBEDDING_FORMATS.join(', .')}, and ${path} does not.`)
    const threads = threadsOf(values.threads)
    const serving = fromEnvironment(readServing)
    const folder = await modelFolderOf(values.model)
    const origin = await originOf('images', values.images)
    for (const name of format === 'jsonl' ? [path] : [path, imageListOf(path)]) await checkNew(name)
    const announce = () => output.show({ type: 'stopping' }, '\nstopping after this batch; nothing is left behind')
    return untilInterrupted(announce, async (signal) => {
      const model = await openServed(folder, threads, { serving, output })
      try {
        return await embedInto(path, format, { model, origin, output, signal })
      } finally {
        await model.dispose()
      }
    })
  }
})

async function embedInto(path: string, format: EmbeddingFormat, embedding: Embedding): Promise<ExitCode> {
  const dimensions = embedding.model.config.embeddingDim
  await mkdir(dirname(path), { recursive: true })
  const file = await createEmbeddingFile(path, { format, dimensions })
  // A second Ctrl-C, or a fault, ends the process without coming back here.
  const remove = () => file.drafts.forEach((draft) => void rmSync(draft, { force: true }))
  process.once('exit', remove)
  try {
    const unusable = await embedWithProgress(embedding, ({ images }) => file.add(images))
    embedding.signal.throwIfAborted()
    await file.finish()
    const images = file.images()
    const event = { type: 'embedded', images, unusable, dimensions, files: file.paths }
    embedding.output.show(
      event,
      `${counted(images, 'image')}, ${counted(dimensions, 'dimension')}: ${file.paths.join(', ')}`
    )
    return EXIT.done
  } finally {
    await file.discard()
    process.off('exit', remove)
  }
}
