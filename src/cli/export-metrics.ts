/** `kappa export-metrics`: the curves of a run for other tools, from its folder or from a server. */
import { resolve } from 'node:path'
import { createKappaClient } from '../client/client.ts'
import { Problem } from '../client/problem.ts'
import { type Command, EXIT, EXIT_CODES, needed, refusal } from './command.ts'
import { exportToCsv } from './metrics-out/csv.ts'
import { exportToMlflow, mlflowHeaders } from './metrics-out/mlflow.ts'
import { isRunId, type MetricSource, sourceOfFolder, sourceOfRun } from './metrics-out/source.ts'
import { checkNew } from './new-path.ts'
import { readWords } from './options.ts'
import type { Output } from './output.ts'
import { credentialsOf } from './remote/connection.ts'
import { SERVER_TEXT } from './remote/remote-command.ts'
import { openTensorboard } from './tensorboard.ts'

const USAGE = `Brings the metrics of a run, and its recipe where there is a place for it, into other tools.

  kappa export-metrics RUN --to mlflow [--tracking-uri URL] [--experiment NAME] [--name NAME]
  kappa export-metrics RUN --to tensorboard --out FOLDER
  kappa export-metrics RUN --to csv --out FILE

  RUN                       a folder of kappa train, or run_… of a server
  --tracking-uri URL        of an MLflow server; MLFLOW_TRACKING_URI, with its TOKEN or USERNAME and PASSWORD, says it otherwise
  --experiment NAME         of MLflow, made where it is not there; kappa by default
  --name NAME               of the run there; its own by default
  --out PATH                new
  --json                    one JSON object a line on stdout; docs/cli.md has their fields

${SERVER_TEXT}
${EXIT_CODES}
`

const text = { type: 'string' } as const
const OPTIONS = {
  ...{ to: text, out: text, 'tracking-uri': text, experiment: text, name: text },
  json: { type: 'boolean' }
} as const

interface Values {
  readonly to?: string
  readonly out?: string
  readonly 'tracking-uri'?: string
  readonly experiment?: string
  readonly name?: string
}

/** Formats of which nobody but their own programs says what they are. */
const INSTEAD: Readonly<Record<string, string>> = {
  trackio:
    '--to trackio is not there: its files are what its own program writes. docs/cli.md has lines that log what --to csv writes with it.',
  'wandb-offline':
    '--to wandb-offline is not there: its files are what its own program writes. docs/cli.md has lines that log what --to csv writes with it.'
}

export const EXPORT_METRICS: Command = {
  usage: USAGE,
  async run(args, output) {
    const { values, words } = readWords(args, OPTIONS)
    const [word, another] = words
    if (word === undefined) throw refusal('A run is needed: its folder, or its id.')
    if (another !== undefined) throw refusal(`${another} belongs to no option.`)
    const write = await targetOf(values)
    try {
      await write(await sourceOf(word), output)
    } catch (error) {
      if (error instanceof Problem) throw refusal(`${error.details.code}: ${error.message}`)
      throw error
    }
    return EXIT.done
  }
}

type Target = (source: MetricSource, output: Output) => Promise<void>

/** What can be told beforehand is refused before anything is read. */
async function targetOf(values: Values): Promise<Target> {
  const to = needed('to', values.to)
  if (to === 'mlflow') return mlflowTarget(values)
  if (to !== 'tensorboard' && to !== 'csv')
    throw refusal(INSTEAD[to] ?? `--to must be mlflow, tensorboard or csv, not ${to}.`)
  const out = resolve(needed('out', values.out))
  await checkNew(out)
  return to === 'csv' ? csvTarget(out) : tensorboardTarget(out)
}

const csvTarget =
  (out: string): Target =>
  async (source, output) => {
    const steps = await exportToCsv(source, out)
    output.result({ type: 'metrics_exported', to: 'csv', steps, file: out }, out)
  }

const tensorboardTarget =
  (out: string): Target =>
  async (source, output) => {
    const log = await openTensorboard(out, 0)
    let steps = 0
    for await (const { step, metrics } of source.steps()) {
      const finite = Object.entries(metrics).filter((one): one is [string, number] => one[1] !== null)
      await log.add({ type: 'step', step, epoch: 0, metrics: Object.fromEntries(finite) })
      steps += 1
    }
    await log.close()
    output.result({ type: 'metrics_exported', to: 'tensorboard', steps, folder: out }, out)
  }

function mlflowTarget(values: Values): Target {
  const uri = values['tracking-uri'] ?? process.env['MLFLOW_TRACKING_URI'] ?? ''
  if (!/^https?:\/\//.test(uri))
    throw refusal(
      `--tracking-uri must be the http or https URL of an MLflow server${uri === '' ? '.' : `, not ${uri}.`}`
    )
  return async (source, output) => {
    const run = await exportToMlflow(source, {
      uri,
      experiment: values.experiment ?? 'kappa',
      headers: mlflowHeaders(process.env),
      name: values.name ?? source.name,
      now: Date.now,
      send: fetch
    })
    const url = `${uri.replace(/\/+$/, '')}/#/experiments/${run.experimentId}/runs/${run.runId}`
    output.result({ type: 'metrics_exported', to: 'mlflow', ...run, url }, url)
  }
}

async function sourceOf(word: string): Promise<MetricSource> {
  if (!isRunId(word)) return sourceOfFolder(word)
  const { url, key } = await credentialsOf(process.env)
  return sourceOfRun(createKappaClient({ baseUrl: url, key }), word)
}
