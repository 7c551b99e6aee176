/** Is this run collapsing? Reads what there is to read and puts it into the words of the docs. */
import { Type } from 'typebox'
import { dataOf, type KappaClient } from '../../client/client.ts'
import type { Metrics, Page, Run, RunEvent } from '../../client/resources.ts'
import { diagnose, STEP_KEYS, WINDOW_KEYS, WINDOW_STEPS } from '../diagnosis.ts'
import { docsPage, rowsOf } from '../docs.ts'
import { defineTool, READS } from '../tool.ts'
import { runOf } from './lists.ts'

/** Enough to see how a curve went. */
const CURVE_POINTS = 200
const PAGE = 100
/** Pages of the log that are read: 5,000 events, some days of a run. */
const MOST_PAGES = 50
const HYPERPARAMETERS = 'hyperparameters.md'

export const diagnoseRun = defineTool({
  name: 'diagnose_run',
  title: 'Is this run collapsing?',
  description:
    'Reads the alarms, teacher entropy, use of prototypes, spread of kappa and features of a run, and says in words which rules of the trainer hold, ' +
    'what each number means and which hyperparameters the docs tell to look at. It changes nothing; fork_run from the last healthy ' +
    'checkpoint, or a new run, tries a change.',
  annotations: READS,
  input: Type.Object({ run: Type.String({ minLength: 1, description: 'run_…' }) }, { additionalProperties: false }),
  async run({ run: id }, { client, signal, docsFolder }) {
    const run = await runOf(client, id, signal)
    const [last, curves, log] = await Promise.all([
      metricsOf(client, run, { keys: STEP_KEYS, from: Math.max(0, run.progress.step - 4 * WINDOW_STEPS), signal }),
      metricsOf(client, run, { keys: WINDOW_KEYS, from: 0, signal }),
      alarmsOf(client, id, signal)
    ])
    const { text, fields } = diagnose({ run, last: lastSteps(last), curves, ...log })
    return [text, ...(await toLookAt(docsFolder, fields, run))].join('\n')
  }
})

interface Reading {
  readonly keys: readonly string[]
  readonly from: number
  readonly signal: AbortSignal
}

const metricsOf = (client: KappaClient, { id }: Run, { keys, from, signal }: Reading): Promise<Metrics> =>
  dataOf<Metrics>(
    client.GET('/v1/runs/{id}/metrics', {
      params: { path: { id }, query: { keys: keys.join(','), from, max_points: CURVE_POINTS } },
      signal
    })
  )

/** Of what was asked for somewhat too far back: the newest points are behind the run's progress by a report. */
const lastSteps = (metrics: Metrics): Metrics => ({
  ...metrics,
  series: metrics.series.map((one) => ({
    ...one,
    steps: one.steps.slice(-WINDOW_STEPS),
    values: one.values.slice(-WINDOW_STEPS)
  }))
})

async function alarmsOf(client: KappaClient, id: string, signal: AbortSignal) {
  const alarms: RunEvent[] = []
  let after = 0
  for (let page = 0; page < MOST_PAGES; page++) {
    const params = { path: { id }, query: { limit: PAGE, after } }
    // The same route streams to those who ask for it; asked for JSON, it answers a page.
    const answer = await dataOf<unknown>(client.GET('/v1/runs/{id}/events', { params, signal }))
    const { data, has_more } = answer as Page<RunEvent>
    alarms.push(...data.filter(({ type }) => type === 'alarm'))
    after = data.at(-1)?.seq ?? after
    if (!has_more) return { alarms, isLogCut: false }
  }
  return { alarms, isLogCut: true }
}

/** Rows of docs/hyperparameters.md, word for word, each with the value that this run has. */
async function toLookAt(docsFolder: string, fields: readonly string[], run: Run): Promise<string[]> {
  if (fields.length === 0) return []
  const rows = rowsOf((await docsPage(docsFolder, HYPERPARAMETERS)) ?? '', fields)
  const values = fields.map(
    (field) => `${field} = ${JSON.stringify(valueAt(run.resolved_recipe.hyperparameters, field))}`
  )
  return [
    '',
    `## What docs/${HYPERPARAMETERS} says to look at`,
    ...rows.map((row) => `- ${row}`),
    '',
    `In this run: ${values.join(', ')}.`
  ]
}

function valueAt(value: unknown, path: string): unknown {
  const [name = '', ...rest] = path.split('.')
  const inner = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
  return rest.length === 0 ? (inner ?? null) : valueAt(inner, rest.join('.'))
}
