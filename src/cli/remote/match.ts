/** `kappa match`: which prototype of a model is which of another. */

import { dataOf } from '../../client/client.ts'
import type { Matching } from '../../client/resources.ts'
import { type Command, EXIT } from '../command.ts'
import { counted } from '../counted.ts'
import { readWords } from '../options.ts'
import type { Output } from '../output.ts'
import { connect } from './connection.ts'
import { noMoreThan, numberWithin, wordAt } from './option-values.ts'
import { REMOTE_EXIT_CODES, remoteCommand, SERVER_TEXT } from './remote-command.ts'
import { table } from './words.ts'

const USAGE = `Says which prototype of a model is which of another, by images that vector sets of both have assigned.

  kappa match MODEL [OTHER] [options]

  MODEL                     mdl_…, NAME@3, NAME@alias, or run_… for the model of a run
  OTHER                     whose prototypes are known; the version before, unless it is given
  --dataset DATASET         ds_…@3, whose images are compared; that of the newest vector sets, unless it is given
  --min-similarity S        pairs that are less similar are none (0)
  --json                    one JSON object a line on stdout; docs/remote.md has their fields

Both need a vector set of one dataset version (docs/drift.md).
${SERVER_TEXT}
${REMOTE_EXIT_CODES}
`

const text = { type: 'string' } as const
const OPTIONS = { dataset: text, 'min-similarity': text, json: { type: 'boolean' } } as const
const NAMED = 20

/** In words: whose prototypes they are, for numbers of two models look alike. */
export function withoutPartner(found: Matching['unmatched']['to'], whose: string): string {
  const named = found.slice(0, NAMED).map(({ prototype, images }) => `${prototype} (${counted(images, 'image')})`)
  const more = found.length > NAMED ? ` and ${found.length - NAMED} more` : ''
  return `Prototypes of ${whose} without a partner: ${named.join(', ')}${more}.`
}

function tell(output: Output, { object: _, pairs, unmatched, vector_sets: vectorSets, ...matching }: Matching): void {
  const { model, against, dataset, images, agreement } = matching
  if (output.isJson) {
    for (const pair of pairs) output.result({ type: 'pair', ...pair }, '')
    output.result({ type: 'matching', ...matching, vectorSets, pairs: pairs.length, unmatched }, '')
    return
  }
  const rows = pairs.map((one) => [
    ...[String(one.from), String(one.to), String(one.images), one.similarity.toFixed(3)]
  ])
  if (rows.length > 0) output.result({ type: 'matching' }, table([['FROM', 'TO', 'IMAGES', 'SIMILARITY'], ...rows]))
  const share = (100 * agreement).toFixed(1)
  output.line(
    `From ${against} to ${model}: ${share} % of ${counted(images, 'image')} of ${dataset} keep their prototype.`
  )
  if (unmatched.from.length > 0) output.line(withoutPartner(unmatched.from, against))
  if (unmatched.to.length > 0) output.line(withoutPartner(unmatched.to, model))
}

export const MATCH: Command = remoteCommand({
  usage: USAGE,
  async run(args, output) {
    const { values, words } = readWords(args, OPTIONS)
    const id = wordAt(words, 0, 'MODEL (mdl_…, NAME@3, NAME@alias or run_…)')
    noMoreThan(words, 2)
    const least = numberWithin('min-similarity', values['min-similarity'], { least: 0, most: 1 })
    const query = {
      ...(words[1] !== undefined && { against: words[1] }),
      ...(values.dataset !== undefined && { dataset: values.dataset }),
      ...(least !== undefined && { min_similarity: least })
    }
    const kappa = await connect()
    tell(output, await dataOf(kappa.api.GET('/v1/models/{id}/matching', { params: { path: { id }, query } })))
    return EXIT.done
  }
})
