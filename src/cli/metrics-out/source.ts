/** A run whose metrics go elsewhere: a folder of `kappa train`, or a run of a server. Both are read step by step. */
import { readFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { isRecord } from '../../base/json.ts'
import { dataOf, type KappaClient } from '../../client/client.ts'
import type { Metrics, Run } from '../../client/resources.ts'
import { refusal } from '../command.ts'
import { systemReason } from '../failures.ts'
import { type StepLine, stepLines } from '../step-lines.ts'

export interface MetricSource {
  readonly name: string
  /** The recipe, by dotted names. */
  readonly params: Readonly<Record<string, string>>
  readonly tags: Readonly<Record<string, string>>
  /** Milliseconds since 1970; null where nobody has noted it. */
  readonly startedAt: number | null
  readonly endedAt: number | null
  /** May be read more than once. */
  steps(): AsyncIterable<Pick<StepLine, 'step' | 'metrics'>>
}

export const isRunId = (word: string): boolean => /^run_[0-9a-z]+$/.test(word)

/** `{a: {b: [1, 2]}}` as `a.b`: `[1,2]`. */
export function flattened(value: unknown, path = ''): Record<string, string> {
  if (!isRecord(value)) return { [path]: typeof value === 'string' ? value : JSON.stringify(value) }
  const entries = Object.entries(value).map(([key, one]) => flattened(one, path === '' ? key : `${path}.${key}`))
  return Object.assign({}, ...entries) as Record<string, string>
}

/** @throws AppError invalid_request when the folder holds no run */
export async function sourceOfFolder(folder: string): Promise<MetricSource> {
  const path = resolve(folder)
  const text = await readFile(join(path, 'run.json'), 'utf8').catch((error: unknown) => {
    throw refusal(`${folder} holds no run: run.json: ${systemReason(error)}.`)
  })
  const record: unknown = JSON.parse(text)
  const recipe = isRecord(record) ? record['recipe'] : null
  return {
    name: basename(path),
    params: recipe === null || recipe === undefined ? {} : flattened(recipe),
    tags: { 'kappa.source': 'folder' },
    startedAt: null,
    endedAt: null,
    steps: () => stepLines(path)
  }
}

/** As many steps as the API gives every point of, twice over. */
const RANGE = 5_000
const MOST_POINTS = 10_000

export async function sourceOfRun(client: KappaClient, id: string): Promise<MetricSource> {
  const run = await dataOf<Run>(client.GET('/v1/runs/{id}', { params: { path: { id } } }))
  const millis = (at: string | null) => (at === null ? null : Date.parse(at))
  return {
    name: run.name ?? run.id,
    params: { dataset: run.dataset, ...flattened(run.resolved_recipe) },
    tags: { 'kappa.source': 'server', 'kappa.run': run.id, ...(run.model !== null && { 'kappa.model': run.model }) },
    startedAt: millis(run.started_at),
    endedAt: millis(run.finished_at),
    steps: () => stepsOf(client, run)
  }
}

async function* stepsOf(
  client: KappaClient,
  { id, progress }: Run
): AsyncGenerator<Pick<StepLine, 'step' | 'metrics'>> {
  const last = Math.max(progress.step, progress.total_steps)
  for (let from = 0; from <= last; from += RANGE) {
    const query = { from, to: from + RANGE - 1, max_points: MOST_POINTS }
    const { series } = await dataOf<Metrics>(client.GET('/v1/runs/{id}/metrics', { params: { path: { id }, query } }))
    const steps = new Map<number, Record<string, number | null>>()
    for (const { key, steps: at, values } of series) {
      for (const [i, step] of at.entries()) {
        const metrics = steps.get(step) ?? {}
        metrics[key] = values[i] ?? null
        steps.set(step, metrics)
      }
    }
    for (const step of [...steps.keys()].sort((a, b) => a - b)) yield { step, metrics: steps.get(step)! }
  }
}
