/** `kappa search`: the images of a vector set that are nearest to one of this machine. */
import type { Matches } from '../../client/resources.ts'
import type { Search, Sought } from '../../sdk/vector-sets.ts'
import { type Command, EXIT, refusal, wholeNumber } from '../command.ts'
import { counted } from '../counted.ts'
import { readWords } from '../options.ts'
import type { Output } from '../output.ts'
import { vectorSetIdOf } from './by-name.ts'
import { connect } from './connection.ts'
import { imageAt } from './image-file.ts'
import { noMoreThan, numberWithin, wordAt } from './option-values.ts'
import { REMOTE_EXIT_CODES, remoteCommand, SERVER_TEXT } from './remote-command.ts'
import { table } from './words.ts'

const USAGE = `Finds the images of a vector set that are nearest to an image, nearest first.

  kappa search VECTOR_SET IMAGE [options]
  kappa search VECTOR_SET --index N [options]
  kappa search VECTOR_SET --prototype N [options]

  VECTOR_SET                vec_…, or its name
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
  output.show(event, `${counted(data.length, 'image')} of ${dataset} by ${model}.${missed}`)
}

export const SEARCH: Command = remoteCommand({
  usage: USAGE,
  async run(args, output) {
    const { values, words } = readWords(args, OPTIONS)
    const word = wordAt(words, 0, 'VECTOR_SET (vec_…, or its name)')
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
    tell(output, await kappa.vectorSets.search(await vectorSetIdOf(kappa, word), search))
    return EXIT.done
  }
})
