/** `kappa evaluate`: what a model's features are worth, by every protocol that images and labels allow, each with its interval. */
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { keysToSnake } from '../base/casing.ts'
import {
  ALL_PROTOCOLS,
  type ChosenSettings,
  isProtocol,
  type LeftOut,
  OF_PROTOTYPES,
  type Protocol
} from '../base/evaluation.ts'
import { writing } from '../base/system-errors.ts'
import { whyNoDimensions } from '../evaluation/first-dimensions.ts'
import type { EvaluationInput } from '../evaluation/protocols.ts'
import { runProtocols } from '../evaluation/run-protocols.ts'
import type { Against } from '../serving/against.ts'
import type { ImageOrigin } from '../serving/embed-images.ts'
import { readInput } from '../serving/evaluation-input.ts'
import { type Command, EXIT, EXIT_CODES, type ExitCode, refusal, threadsOf, wholeNumber } from './command.ts'
import { againstFolderOf, openAgainst } from './evaluate-against.ts'
import { type LabEvaluation, type LabSources, labMeasures, untilMeasured } from './evaluate-lab.ts'
import { dimensionsOf, drawsOf, neighborsOf, protocolsOf } from './evaluate-options.ts'
import { tableOf } from './evaluation-table.ts'
import { isSamePlace, modelFolderOf, openModel, originOf, readWithProgress } from './images.ts'
import { untilInterrupted } from './interrupt.ts'
import { checkNew } from './new-path.ts'
import { readOptions } from './options.ts'
import type { Output } from './output.ts'

/** Names of protocols that fit into one. */
const IN_A_LINE = 8

const USAGE = `Evaluates a model's features by the protocols of the literature, each with a 95 % interval; docs/evaluation.md has them.

  kappa evaluate --model FOLDER --bank SOURCE [options]

  --model FOLDER            as kappa train writes it (OUT/model) or kappa export
  --bank SOURCE             images that vote or are learned from; class folders, an archive of them, or a packed dataset
                            give labels. Each image is judged without itself where there are no queries
  --queries SOURCE          images that are judged
  --protocol LIST           of ${ALL_PROTOCOLS.slice(0, IN_A_LINE).join(', ')},
                            ${ALL_PROTOCOLS.slice(IN_A_LINE).join(', ')}, with commas between them; by default
                            everything that images and model allow, but for linear and finetune, which train and need packed
                            images, and the last two, each asked for alone
  --k LIST                  neighbours that vote in knn, with commas between them (10,20,100,200)
  --draws N                 of images for few_shot (20)
  --dimensions LIST         evaluates the first so many dimensions of embeddings, of unit length again, once for each number
                            (all); not by clustering, prototypes and what trains
  --epochs N                that linear trains its classifier for (100), and finetune at each rate (20)
  --rate LIST               of finetune: learning rates, the best of which is chosen on a tenth of the bank, with commas
                            between them (0.0001,0.0003,0.001); with one all of the bank is learned from
  --against FOLDER          of label_free: another model, such as a later one of the same run; how far both assign the judged
                            images to the same prototypes
  --distractors SOURCE      of copy_detection: images that are ranked beside the bank's originals
  --whitening SOURCE        of copy_detection: images of neither side that whitening is learned from
  --ground-truth FILE       of revisited: JSON that says what each query looks for
  --image-size N            of copy_detection: pixels (320 of a model of 224); of revisited: of the longer side (224)
  --seed N                  of draws, folds and intervals (0)
  --out FILE                new; one JSON object a line, as --json prints them
  --threads N               of the engine, all cores by default
  --json                    one JSON object a line on stdout; docs/cli.md has their fields

${EXIT_CODES}
`

const text = { type: 'string' } as const
const OPTIONS = {
  model: text,
  bank: text,
  queries: text,
  protocol: text,
  k: text,
  draws: text,
  dimensions: text,
  epochs: text,
  against: text,
  rate: text,
  distractors: text,
  whitening: text,
  'ground-truth': text,
  'image-size': text,
  seed: { ...text, default: '0' },
  out: text,
  threads: text,
  json: { type: 'boolean' }
} as const

export const EVALUATE: Command = {
  usage: USAGE,
  async run(args, output) {
    const values = readOptions(args, OPTIONS)
    const protocols = protocolsOf(values.protocol)
    const k = neighborsOf(values.k)
    const draws = drawsOf(values.draws)
    const settings = { ...(k && { k }), ...(draws && { draws }), seed: wholeNumber('seed', values.seed) }
    const dimensions = dimensionsOf(values.dimensions, protocols)
    const threads = threadsOf(values.threads)
    const model = await modelFolderOf(values.model)
    const against = await againstFolderOf(values.against, { protocols, dimensions })
    const bank = await originOf('bank', values.bank)
    const queries = values.queries === undefined ? null : await originOf('queries', values.queries)
    const out = values.out === undefined ? null : resolve(values.out)
    if (out !== null) await checkNew(out)
    const judged = queries === null || (await isSamePlace(bank, queries)) ? null : queries

    const quick = protocols?.filter(isProtocol) ?? null
    const from = { model, bankSource: bank.path, queriesSource: queries?.path ?? null }
    const asked = { quick, settings, dimensions, against, output, from }
    const sources = { model, bank, judged, threads }
    const measures = await labMeasures(values, protocols, sources)
    const lines: EvaluationEvent[] = []
    if (quick === null || quick.length > 0) {
      const read = await readAll(asked, sources)
      if (typeof read === 'number') return read
      // Here nothing waits and nothing is half written: a signal ends the process by itself.
      lines.push(...evaluateCuts(read, asked))
    }
    for (const measure of measures) {
      const measured = await untilMeasured(measure, { seed: settings.seed, output })
      if (typeof measured === 'number') return measured
      const event = { type: 'evaluation', ...measured, ...from } as const
      output.result(event, tableOf(measured))
      lines.push(event)
    }
    if (out !== null) await writeLines(out, lines)
    return EXIT.done
  }
}

interface Asked {
  /** Null: whatever images and model allow. */
  readonly quick: readonly Protocol[] | null
  readonly settings: ChosenSettings
  /** Numbers of first dimensions, one evaluation each; left out: one of all. */
  readonly dimensions: readonly number[] | undefined
  /** Folder of the model that assignments are compared with. */
  readonly against: string | null
  readonly output: Output
  readonly from: Run['from']
}

/** @returns the exit code where it was stopped */
async function readAll(asked: Asked, sources: LabSources): Promise<EvaluationInput | ExitCode> {
  const { quick, dimensions, output } = asked
  const { model, bank, judged, threads } = sources
  let read: EvaluationInput | null = null
  const code = await untilInterrupted(
    () => output.show({ type: 'stopping' }, '\nstopping after this batch'),
    async (signal) => {
      const opened = await openModel(model, threads)
      let against: Against | null = null
      try {
        if (asked.against !== null) against = await openAgainst(asked.against, { model, opened, threads })
        const most = dimensions && Math.max(...dimensions)
        const wrong = most === undefined ? null : whyNoDimensions(most, opened.config.embeddingDim)
        if (wrong !== null) throw refusal(`--dimensions ${wrong}.`)
        const nameOf = ({ path }: ImageOrigin) => path
        const of = { model: opened, bank, queries: judged, nameOf }
        const reading = readInput({ ...of, protocols: quick, dimensions: most, against })
        read = await readWithProgress(reading, { output, signal })
        return EXIT.done
      } finally {
        await against?.model.dispose()
        await opened.dispose()
      }
    }
  )
  return read ?? code
}

interface Run {
  /** Null: whatever can be run, but for `except`. */
  readonly protocols: readonly Protocol[] | null
  readonly except?: readonly Pick<LeftOut, 'protocol'>[]
  readonly settings: ChosenSettings
  readonly output: Output
  readonly from: { readonly model: string; readonly bankSource: string; readonly queriesSource: string | null }
}

interface EvaluationEvent extends LabEvaluation {
  readonly type: 'evaluation'
}

/** @throws AppError evaluation_impossible */
function evaluateCuts(
  input: EvaluationInput,
  { quick: protocols, settings, dimensions, output, from }: Asked
): EvaluationEvent[] {
  if (dimensions === undefined) return evaluateAll(input, { protocols, settings, output, from })
  return dimensions.flatMap((kept, place) => {
    // What cannot be run on a part of an embedding is told once.
    const except = place === 0 ? [] : OF_PROTOTYPES.map((protocol) => ({ protocol }))
    return evaluateAll(input, { protocols, except, settings: { ...settings, dimensions: kept }, output, from })
  })
}

/** @throws AppError evaluation_impossible for a protocol that was asked for and cannot be run */
export function evaluateAll(input: EvaluationInput, { output, from, ...asked }: Run): EvaluationEvent[] {
  const events: EvaluationEvent[] = []
  const dimensions = asked.settings.dimensions ?? input.dim
  for (const step of runProtocols(input, asked)) {
    if (step.type === 'left_out') output.show(step, `left out ${step.protocol}: it ${step.reason}`)
    else if (step.type === 'begins')
      output.progress({ type: 'evaluating', protocol: step.protocol }, `${step.protocol} …`)
    else {
      const event = { type: 'evaluation', ...step.evaluation, dimensions, ...from } as const
      output.result(event, tableOf(step.evaluation))
      events.push(event)
    }
  }
  return events
}

/** Complete or not at all. @throws AppError storage_full */
export async function writeLines(path: string, events: readonly EvaluationEvent[]): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const draft = `${path}.partial`
  await writing(writeFile(draft, events.map((event) => `${JSON.stringify(keysToSnake(event))}\n`).join('')))
  await rename(draft, path)
}
