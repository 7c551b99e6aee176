/** `kappa search`: the images of a vector set that are nearest to one of this machine. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { READ_FORMATS, sniffFormat } from '../../base/image-formats.ts'
import type { Matches } from '../../client/resources.ts'
import type { Search, Sought } from '../../sdk/vector-sets.ts'
import { type Command, EXIT, refusal, wholeNumber } from '../command.ts'
import { readWords } from '../options.ts'
import type { Output } from '../output.ts'
import { found } from '../sources.ts'
import { connect } from './connection.ts'
import { noMoreThan, numberWithin, wordAt } from './option-values.ts'
import { REMOTE_EXIT_CODES, remoteCommand, SERVER_TEXT } from './remote-command.ts'
import { table } from './words.ts'

const USAGE = `Finds the images of a vector set that are nearest to an image, nearest first.

  kappa search VECTOR_SET IMAGE [options]
  kappa search VECTOR_SET --index N [options]
  kappa search VECTOR_SET --prototype N [options]

  VECTOR_SET                vec_…
  IMAGE                     a file of this machine; the server embeds it with the set's model
  --index N                 in its place an image of the set, by its place in the dataset version
  --prototype N             in its place the mean direction of a prototype's images
  --top-k N                 images that are answered (10)
  --min-similarity S        cosine, at the least
  --label NAME              images of this class, as often as wanted
  --in-prototype N          images of this prototype, as often as wanted
  --json                    one JSON object a line on stdout; docs/remote.md has their fields

${SERVER_TEXT}
${REMOTE_EXIT_CODES}
`

const text = { type: 'string' } as const
const many = { type: 'string', multiple: true } as const
const OPTIONS = {
  ...{ index: text, prototype: text, 'top-k': text, 'min-similarity': text, label: many, 'in-prototype': many },
  json: { type: 'boolean' }
} as const
const MOST_MATCHES = 1000
/** Above what the API takes of an image unless it is told otherwise; it is the API that refuses by its own limit. */
const MOST_BYTES = 64 * 1024 * 1024

/** @throws AppError invalid_request for what is no image: it does not leave this machine */
async function imageAt(path: string): Promise<Uint8Array> {
  const about = await found('IMAGE', path)
  if (!about.isFile()) throw refusal(`${resolve(path)} is no file.`)
  if (about.size > MOST_BYTES) throw refusal(`${resolve(path)} has ${about.size} bytes; ${MOST_BYTES} are the most.`)
  const bytes = await readFile(path)
  if (sniffFormat(bytes) === null) throw refusal(`${resolve(path)} is no ${READ_FORMATS} file.`)
  return bytes
}

interface Asked {
  readonly image: string | undefined
  readonly index: string | undefined
  readonly prototype: string | undefined
}

async function soughtOf({ image, index, prototype }: Asked): Promise<Sought> {
  const said = [image, index, prototype].filter((one) => one !== undefined)
  if (said.length !== 1) throw refusal('One of IMAGE, --index and --prototype is needed.')
  if (image !== undefined) return { image: await imageAt(image) }
  if (index !== undefined) return { index: wholeNumber('index', index) }
  return { prototype: wholeNumber('prototype', prototype!) }
}

function tell(output: Output, { data, vector_set: vectorSet, model, dataset, exact }: Matches): void {
  if (output.isJson) for (const { object: type, ...match } of data) output.result({ type, ...match }, match.name)
  else if (data.length > 0) {
    const rows = data.map(({ similarity, index, label, prototype, name }) => [
      ...[similarity.toFixed(4), String(index), label ?? '', prototype === null ? '' : String(prototype), name]
    ])
    output.result({ type: 'matches' }, table([['SIMILARITY', 'INDEX', 'LABEL', 'PROTOTYPE', 'NAME'], ...rows]))
  }
  const missed = exact ? '' : ' Not every vector was compared: one may be missing.'
  const event = { type: 'searched', vectorSet, model, dataset, matches: data.length, exact }
  output.show(event, `${data.length} images of ${dataset} by ${model}.${missed}`)
}

export const SEARCH: Command = remoteCommand({
  usage: USAGE,
  async run(args, output) {
    const { values, words } = readWords(args, OPTIONS)
    const id = wordAt(words, 0, 'VECTOR_SET (vec_…)')
    noMoreThan(words, 2)
    const topK = wholeNumber('top-k', values['top-k'] ?? '10', { least: 1, most: MOST_MATCHES })
    const minSimilarity = numberWithin('min-similarity', values['min-similarity'], { least: -1, most: 1 })
    const prototypes = values['in-prototype']?.map((one) => wholeNumber('in-prototype', one))
    const sought = await soughtOf({ image: words[1], index: values.index, prototype: values.prototype })
    const search: Search = {
      ...sought,
      topK,
      ...(minSimilarity !== undefined && { minSimilarity }),
      ...(values.label && { labels: values.label }),
      ...(prototypes && { prototypes })
    }
    const kappa = await connect()
    tell(output, await kappa.vectorSets.search(id, search))
    return EXIT.done
  }
})
