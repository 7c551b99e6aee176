/** `kappa card`: README.md of a model's folder, so that the folder is a repository as model hubs have them. */
import { access, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { readFacts } from './card/facts.ts'
import { cardText } from './card/text.ts'
import { type Command, EXIT, EXIT_CODES, refusal } from './command.ts'
import { readWords } from './options.ts'
import { found } from './sources.ts'

const USAGE = `Writes the card of a model (README.md in its folder): a head that model hubs read, data version, recipe, curves, kappa, evaluations.

  kappa card MODEL --license LICENSE [options]

  --license LICENSE         of the weights, as hubs write it: apache-2.0, cc-by-4.0, other
  --license-name NAME       of license other
  --run FOLDER              of kappa train; the folder that MODEL lies in, if that is a run's
  --name NAME               of the model; the run's folder, or the model's
  --data NAME               what the training images are called; 'the training images' by default
  --dataset ID              of the hub, for its list of datasets; as often as wanted
  --tag TAG                 as often as wanted
  --evaluation FILE         of kappa evaluate --out, beside the run's own; as often as wanted
  --force                   writes over a README.md that is there
  --json                    one JSON object a line on stdout; docs/cli.md has their fields

What was not measured is left out: a card has energy only where GPUs said what they draw.

${EXIT_CODES}
`

const text = { type: 'string' } as const
const many = { type: 'string', multiple: true } as const
const flag = { type: 'boolean' } as const
const OPTIONS = {
  ...{ license: text, 'license-name': text, run: text, name: text, data: text },
  ...{ dataset: many, tag: many, evaluation: many, force: flag, json: flag }
} as const

const CARD = 'README.md'
/** As hubs write them; which of them a hub knows is the hub's. */
const LICENSE = /^[a-z0-9][a-z0-9.+-]*$/

export const CARD_COMMAND: Command = {
  usage: USAGE,
  async run(args, output) {
    const { values, words } = readWords(args, OPTIONS)
    const [folder, another] = words
    if (folder === undefined) throw refusal('The folder of a model is needed.')
    if (another !== undefined) throw refusal(`${another} belongs to no option.`)
    const { license, licenseName } = licenseOf(values)
    const model = resolve(folder)
    const file = join(model, CARD)
    if (values.force !== true && (await fileExists(file)))
      throw refusal(`${file} is there already; --force writes over it.`)
    if (values.run !== undefined) await found('run', values.run)
    for (const one of values.evaluation ?? []) await found('evaluation', one)
    const run = values.run === undefined ? await runAround(model) : resolve(values.run)
    const data = values.data ?? 'the training images'
    const facts = await readFacts({ model, run, evaluations: values.evaluation ?? [], data })
    const name = values.name ?? basename(run ?? model)
    const lists = { tags: values.tag ?? [], datasets: values.dataset ?? [] }
    await writeFile(file, cardText(facts, { name, license, licenseName, ...lists }))
    output.result({ type: 'card', file, evaluations: facts.evaluations.length, hasRun: run !== null }, file)
    return EXIT.done
  }
}

const fileExists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false // what cannot be seen cannot be written over either: writing it says why
  )

function licenseOf(values: { readonly license?: string; readonly 'license-name'?: string }) {
  const { license, 'license-name': licenseName } = values
  if (license === undefined) throw refusal('--license is needed: only you know under which the weights may be used.')
  if (!LICENSE.test(license)) throw refusal(`--license must be as hubs write it, such as apache-2.0, not ${license}.`)
  if ((license === 'other') !== (licenseName !== undefined))
    throw refusal('--license-name belongs to --license other, and that needs it.')
  return { license, licenseName }
}

/** kappa train writes RUN/model. */
async function runAround(model: string): Promise<string | null> {
  const around = dirname(model)
  return basename(model) === 'model' && (await fileExists(join(around, 'run.json'))) ? around : null
}
