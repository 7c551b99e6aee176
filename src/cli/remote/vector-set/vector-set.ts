/** `kappa vector-set`: embeds a dataset, and asks the set what is in it. */
import { type Command, refusal } from '../../command.ts'
import { readWords } from '../../options.ts'
import { REMOTE_EXIT_CODES, remoteCommand, SERVER_TEXT } from '../remote-command.ts'
import { type Action, checkTaken, VECTOR_SET_OPTIONS } from './actions.ts'
import { CANCEL, DELETE, RENAME, SHOW, WAIT } from './change.ts'
import { DUPLICATES, LABEL_ACCURACY, OUTLIERS, PROPOSED_LABELS } from './listings.ts'
import { MAKE } from './make.ts'
import { PULL_VECTOR_SET } from './pull.ts'

const USAGE = `A vector set is the embeddings of all images of a dataset by a model: files, and a search over them (docs/search.md).

  kappa vector-set make --model MODEL --dataset DATASET [options]
  kappa vector-set show|wait|cancel|delete VECTOR_SET
  kappa vector-set rename VECTOR_SET NAME
  kappa vector-set pull VECTOR_SET [--file NAME]… [--out FOLDER]
  kappa vector-set duplicates|outliers|proposed-labels|label-accuracy VECTOR_SET [options]

  VECTOR_SET                vec_…, or its name; kappa vector-sets lists them

make                        embeds every image of the dataset, and waits until the set is ready
  --model MODEL             mdl_…, NAME@3, NAME@alias, or run_… for the model of a run
  --dataset DATASET         ds_…@3, ds_… for its newest version; a dataset's name for ds_…
  --name NAME               of the set
  --no-search               files alone
  --assign, --no-assign     whether images go through the prototypes, too: as long again (where the model has some)
  --no-wait                 prints vec_… and leaves it; wait waits for it

pull                        downloads vectors.npy, vectors.parquet, images.jsonl and map.json
  --file NAME               one of them, as often as wanted (all)
  --out FOLDER              where to (the set's id, here)
  --max-bytes N             more than this in all is refused before the first byte (34359738368, 32 GiB)

duplicates                  pairs of images that are nearly the same
  --min-similarity S        cosine, at the least (0.95)
outliers                    images that the model knows least, these first
proposed-labels             what images without a label get from their neighbours
label-accuracy              how often that is right, measured on images with a label
  --labels-from VECTOR_SET  another set of the same model, whose labels are asked
  --neighbors N             that vote (20)
  --sample N                of label-accuracy: images that are asked (200)
  --limit N                 of lists: lines at the most (20)

  --json                    one JSON object a line on stdout; docs/remote.md has their fields

Ctrl-C leaves a set being made; cancel ends it.
${SERVER_TEXT}
${REMOTE_EXIT_CODES}
`

const ACTIONS: Readonly<Record<string, Action>> = {
  make: MAKE,
  show: SHOW,
  wait: WAIT,
  cancel: CANCEL,
  rename: RENAME,
  delete: DELETE,
  pull: PULL_VECTOR_SET,
  duplicates: DUPLICATES,
  outliers: OUTLIERS,
  'proposed-labels': PROPOSED_LABELS,
  'label-accuracy': LABEL_ACCURACY
}

export const VECTOR_SET: Command = remoteCommand({
  usage: USAGE,
  async run(args, output) {
    const { values: said, words: all } = readWords(args, VECTOR_SET_OPTIONS)
    const { json: _, ...values } = said
    const [name, ...words] = all
    const action = name !== undefined && Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined
    if (name === undefined || action === undefined)
      throw refusal(`kappa vector-set takes one of ${Object.keys(ACTIONS).join(', ')}, not ${name ?? 'nothing'}.`)
    checkTaken(name, action, values)
    return action.run({ words, values, output })
  }
})
