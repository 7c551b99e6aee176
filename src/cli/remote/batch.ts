/** `kappa batch`: requests that workers answer, submitted, followed and brought back. */
import { openAsBlob } from 'node:fs'
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { idPattern } from '../../base/ids.ts'
import { OUTPUT_DTYPES } from '../../base/output-dtype.ts'
import type { Batch } from '../../client/resources.ts'
import type { BatchLine } from '../../sdk/batches.ts'
import { type Command, EXIT, type ExitCode, needed, refusal, wholeNumber } from '../command.ts'
import { counted } from '../counted.ts'
import { readWords } from '../options.ts'
import {
  type AnswersTarget,
  answersTarget,
  batchFields,
  batchWords,
  followBatch,
  tellAnswers
} from './batch-answers.ts'
import type { Following } from './batch-files.ts'
import { withImageRequests } from './batch-requests.ts'
import { connect } from './connection.ts'
import { originsOf } from './local-images.ts'
import { oneOf } from './option-values.ts'
import { REMOTE_EXIT_CODES, remoteCommand, SERVER_TEXT } from './remote-command.ts'
import { untilStopped } from './stopping.ts'

const OUTPUTS = ['cls', 'bottleneck'] as const

const USAGE = `Lets workers of a server answer many requests for embeddings, while its serving keeps its latency.

  kappa batch FILE.jsonl [--out FILE] [options]
  kappa batch --model MODEL PATH… [--out FILE] [options]
  kappa batch BATCH [--out FILE]

  FILE.jsonl                requests, one a line (docs/batches.md)
  --model MODEL             mdl_…, NAME@3 or NAME@alias: a request an image of PATH…, called by its name
  PATH…                     folders of images, zips or tars, IDX files, images
  BATCH                     batch_…, which was submitted before
  --out FILE                new; follows it to its end and downloads the answers; its ending says as what:
                            .jsonl the server's lines; .npy or .safetensors their vectors, a row each, with FILE's name and
                            .images.jsonl saying whose; failures go into FILE's name and .errors.jsonl
  --window HOURS            what is not answered by then is not answered any more (24)
  --output OUTPUT           with --model: ${OUTPUTS.join(', ')} (cls)
  --output-dtype TYPE       with --model: ${OUTPUT_DTYPES.join(', ')} (float32)
  --dimensions N            with --model: the first N numbers of each vector, at unit length again
  --json                    one JSON object a line on stdout; docs/remote.md has their fields

Without --out it is submitted, or shown, and left alone. Ctrl-C leaves a batch going.
${SERVER_TEXT}
${REMOTE_EXIT_CODES}
`

const text = { type: 'string' } as const
const OF_IMAGES = { output: text, 'output-dtype': text, dimensions: text } as const
const OPTIONS = { model: text, out: text, window: text, ...OF_IMAGES, json: { type: 'boolean' } } as const
const MOST_HOURS = 999
const BATCH_ID = new RegExp(idPattern('batch'))

type Values = Readonly<Partial<Record<Exclude<keyof typeof OPTIONS, 'json'>, string | undefined>>>

/** What is submitted: a batch that is there, a file of requests, or requests of images. */
type Source =
  | { readonly kind: 'batch'; readonly id: string }
  | { readonly kind: 'requests'; readonly path: string }
  | {
      readonly kind: 'images'
      readonly paths: readonly string[]
      readonly wish: Omit<BatchLine, 'customId' | 'images'>
    }

function wishOf(values: Values): Omit<BatchLine, 'customId' | 'images'> {
  const output = oneOf('output', values.output, OUTPUTS)
  const outputDtype = oneOf('output-dtype', values['output-dtype'], OUTPUT_DTYPES)
  return {
    model: needed('model', values.model),
    ...(output && { output }),
    ...(outputDtype && { outputDtype }),
    ...(values.dimensions !== undefined && { dimensions: wholeNumber('dimensions', values.dimensions, { least: 1 }) })
  }
}

/** @throws AppError invalid_request */
export async function batchSource(values: Values, words: readonly string[]): Promise<Source> {
  if (values.model !== undefined) return { kind: 'images', paths: words, wish: wishOf(values) }
  const [word, more] = words
  const stray = (Object.keys(OF_IMAGES) as (keyof typeof OF_IMAGES)[]).find((name) => values[name] !== undefined)
  if (stray !== undefined) throw refusal(`--${stray} needs --model: lines of a file say it themselves.`)
  if (word === undefined) throw refusal('FILE.jsonl, BATCH (batch_…) or --model MODEL PATH… is needed.')
  if (more !== undefined) throw refusal(`${more} is one word too many; images need --model.`)
  if (BATCH_ID.test(word)) {
    if (values.window !== undefined) throw refusal('--window is said when a batch is made.')
    return { kind: 'batch', id: word }
  }
  const file = await stat(word).catch(() => null)
  if (file?.isFile() !== true) throw refusal(`${resolve(word)} is no file. Folders of images need --model.`)
  if (!word.endsWith('.jsonl')) throw refusal(`${resolve(word)} does not end with .jsonl. Images need --model.`)
  return { kind: 'requests', path: word }
}

interface Wish {
  readonly completionWindow: string
}

async function submitted(source: Source, following: Following, { completionWindow }: Wish): Promise<Batch> {
  const { kappa, output, signal } = following
  const options = { completionWindow, signal }
  if (source.kind === 'batch') return kappa.batches.get(source.id, signal)
  if (source.kind === 'requests') return kappa.batches.create(await openAsBlob(source.path), options)
  const origins = await originsOf(source.paths)
  return withImageRequests({ origins, wish: source.wish, output, signal }, (file, images) => {
    output.line(`${counted(images, 'image')} ${images === 1 ? 'is' : 'are'} sent.`)
    return kappa.batches.create(file, options)
  })
}

export const BATCH: Command = remoteCommand({
  usage: USAGE,
  async run(args, output) {
    const { values, words } = readWords(args, OPTIONS)
    const { json: _, ...said } = values
    const source = await batchSource(said, words)
    const hours = wholeNumber('window', values.window ?? '24', { least: 1, most: MOST_HOURS })
    const out: AnswersTarget | null = values.out === undefined ? null : await answersTarget(values.out)
    const dtype = source.kind === 'images' ? (source.wish.outputDtype ?? 'float32') : null
    if (source.kind === 'images') await originsOf(source.paths) // refused before anybody is asked
    const kappa = await connect()
    let id: string | null = null
    const again = () => `kappa batch ${id} --out ${out?.path ?? 'FILE'}`
    const howOn = () =>
      id === null ? 'Stopped; no batch was made.' : `The batch goes on. ${again()} downloads its answers.`
    return untilStopped(output, howOn, async (signal): Promise<ExitCode> => {
      const following = { kappa, output, signal }
      const batch = await submitted(source, following, { completionWindow: `${hours}h` })
      id = batch.id
      if (out === null) {
        output.line(`${batchWords(batch)}. ${again()} waits for its answers.`)
        output.result(batchFields(batch), batch.id)
        return EXIT.done
      }
      output.show(batchFields(batch), batchWords(batch))
      return tellAnswers(following, await followBatch(following, batch.id), out, dtype)
    })
  }
})
