/** A run of an MLflow server, by its REST API 2.0: mlflow.org/docs, REST API. */
import { isRecord } from '../../base/json.ts'
import { refusal } from '../command.ts'
import type { MetricSource } from './source.ts'

/** Of a request, by that page: 1000 metrics, 100 params, 100 tags, and 1000 of all together. */
const MOST_METRICS = 1000
const MOST_PARAMS = 100
/** Characters of a param's value. */
const MOST_CHARACTERS = 6000
const TIME_LIMIT_MS = 30_000

export interface MlflowOptions {
  /** Such as http://127.0.0.1:5000. */
  readonly uri: string
  readonly experiment: string
  readonly headers: Readonly<Record<string, string>>
  readonly name: string
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly send: (url: string, init: RequestInit) => Promise<Response>
}

export interface MlflowRun {
  readonly experimentId: string
  readonly runId: string
  readonly points: number
  /** That were no finite numbers, which MLflow's JSON has no word for. */
  readonly leftOut: number
}

interface Point {
  readonly key: string
  readonly value: number
  readonly timestamp: number
  readonly step: number
}

/** @throws AppError invalid_request where the server cannot be reached or refuses */
export async function exportToMlflow(source: MetricSource, options: MlflowOptions): Promise<MlflowRun> {
  const experimentId = await experimentOf(options)
  const begun = options.now()
  const created = await call(options, 'runs/create', {
    experiment_id: experimentId,
    run_name: options.name,
    start_time: source.startedAt ?? begun,
    tags: Object.entries(source.tags).map(([key, value]) => ({ key, value }))
  })
  const runId = textAt(created, 'run', 'info', 'run_id')
  const end = (status: string) =>
    call(options, 'runs/update', { run_id: runId, status, end_time: source.endedAt ?? options.now() })
  try {
    const told = await fill(source, { ...options, runId, timestamp: begun })
    await end('FINISHED')
    return { experimentId, runId, ...told }
  } catch (error) {
    // Half a run must not look like a whole one; what stopped it is told in any case.
    await end('FAILED').catch(() => {})
    throw error
  }
}

async function fill(
  source: MetricSource,
  options: MlflowOptions & { readonly runId: string; readonly timestamp: number }
): Promise<Pick<MlflowRun, 'points' | 'leftOut'>> {
  const log = (batch: object) => call(options, 'runs/log-batch', { run_id: options.runId, ...batch })
  const params = Object.entries(source.params).map(([key, value]) => ({ key, value: value.slice(0, MOST_CHARACTERS) }))
  for (let i = 0; i < params.length; i += MOST_PARAMS) await log({ params: params.slice(i, i + MOST_PARAMS) })
  let [points, leftOut] = [0, 0]
  let batch: Point[] = []
  for await (const { step, metrics } of source.steps()) {
    for (const [key, value] of Object.entries(metrics)) {
      // Nobody has kept when a step was: all have the time of this export, and the step says their order.
      if (value === null) leftOut += 1
      else batch.push({ key, value, timestamp: options.timestamp, step })
      if (batch.length < MOST_METRICS) continue
      await log({ metrics: batch })
      points += batch.length
      batch = []
    }
  }
  if (batch.length > 0) await log({ metrics: batch })
  return { points: points + batch.length, leftOut }
}

async function experimentOf(options: MlflowOptions): Promise<string> {
  const query = `experiments/get-by-name?experiment_name=${encodeURIComponent(options.experiment)}`
  const known = await ask(options, query, { method: 'GET' })
  if (known.ok) return textAt(await bodyOf(known), 'experiment', 'experiment_id')
  if (known.status !== 404) throw await refused(known)
  return textAt(await call(options, 'experiments/create', { name: options.experiment }), 'experiment_id')
}

async function call(options: MlflowOptions, path: string, body: object): Promise<unknown> {
  const response = await ask(options, path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' }
  })
  if (!response.ok) throw await refused(response)
  return bodyOf(response)
}

function ask({ uri, headers, send }: MlflowOptions, path: string, init: RequestInit): Promise<Response> {
  const url = `${uri.replace(/\/+$/, '')}/api/2.0/mlflow/${path}`
  const signal = AbortSignal.timeout(TIME_LIMIT_MS)
  return send(url, { ...init, headers: { ...headers, ...init.headers }, signal }).catch((error: unknown) => {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    throw refusal(`${uri} cannot be reached: ${cause instanceof Error ? cause.message : String(cause)}.`)
  })
}

async function bodyOf(response: Response): Promise<unknown> {
  return response.json().catch(() => {
    throw refusal(`${response.url} answered with something else than JSON: is it an MLflow server?`)
  })
}

/** In its own words. */
async function refused(response: Response): Promise<Error> {
  const text = await response.text()
  return refusal(`MLflow refused with status ${response.status}: ${text.slice(0, 500)}`)
}

function textAt(value: unknown, ...path: string[]): string {
  const found = path.reduce<unknown>((one, key) => (isRecord(one) ? one[key] : undefined), value)
  if (typeof found !== 'string') throw refusal(`The answer of MLflow has no ${path.join('.')}.`)
  return found
}

/** As MLflow's own client reads the environment. */
export function mlflowHeaders(environment: NodeJS.ProcessEnv): Record<string, string> {
  const {
    MLFLOW_TRACKING_TOKEN: token,
    MLFLOW_TRACKING_USERNAME: user,
    MLFLOW_TRACKING_PASSWORD: password
  } = environment
  if (user && password) return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` }
  return token ? { authorization: `Bearer ${token}` } : {}
}
