/** Runs from the command line against the real API; what workers do is done by the tests' hand. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyModel, aReadyVersion } from '../../helpers/records.ts'
import { createWorld, type Line, pressCtrlC, type World } from './kappa.ts'

const skip = await whyNoPostgres()
const world = skip ? (undefined as unknown as World) : await createWorld({ after })
const dataset = skip ? '' : (await aReadyVersion(world.api, world.api.projectId)).datasetId
const flags = ['--dataset', dataset, '--preset', 'demo', '--epochs', '3']

const begin = async (): Promise<string> => (await world.kappa(['run', ...flags])).stdout.trim()

/** Every column of time is after the events that the request itself has written. */
async function tell(run: string, type: 'progress' | 'state', data: object): Promise<void> {
  await world.api.stores.events.append(run, [{ type, level: 'info', data: data as never }], new Date())
}

async function succeed(run: string): Promise<string> {
  const { id } = await aReadyModel(world.api.stores, world.api.projectId, { runId: run })
  await tell(run, 'progress', { percent: 50, epoch: 1, etaS: 60, imagesPerSecond: 10, metrics: { loss: 4.5 } })
  await tell(run, 'state', { status: 'succeeded' })
  await world.api.stores.runs.update(run, { status: 'succeeded', modelId: id })
  return id
}

test('a run is queued as the words say, listed, and shown by its events', { skip }, async () => {
  const told = await world.json(['run', ...flags, '--name', 'first', '--set', 'batch_size=64'])
  const [line] = told.lines
  assert.deepEqual([told.code, line.type, line.status, line.name, line.epochs], [0, 'run', 'queued', 'first', 3])
  const { json } = await world.api.call('GET', `/v1/runs/${line.id}`)
  assert.equal(json.resolved_recipe.hyperparameters.batch_size, 64)
  const { lines } = await world.json(['runs', '--status', 'queued'])
  assert.ok(lines.some(({ id }) => id === line.id))
  assert.match((await world.kappa(['runs'])).stdout, new RegExp(`^RUN .*\\n(.*\\n)*${line.id} +queued +0/3 +0 %`))
  const logs = await world.json(['logs', line.id])
  assert.deepEqual([logs.code, logs.lines[0].event, logs.lines[0].data.status], [0, 'state', 'queued'])
  assert.match((await world.kappa(['logs', line.id])).stdout, /info +state +Now queued: waiting for worker\n$/)
})

test('--dry-run queues nothing, and shows the recipe', { skip }, async () => {
  const count = async () => (await world.json(['runs', '--limit', '1000'])).lines.length
  const before = await count()
  const told = await world.json(['run', ...flags, '--dry-run'])
  assert.deepEqual([told.code, told.lines[0].type, told.lines[0].recipe.hyperparameters.epochs], [0, 'plan', 3])
  assert.equal(await count(), before)
})

test('a run that is followed ends with its model', { skip }, async () => {
  const ends: Promise<string>[] = []
  const onLine = ({ type, id }: Line) => void (type === 'run' && ends.length === 0 && ends.push(succeed(id)))
  const { code, lines } = await world.json(['run', ...flags, '--follow'], { onLine })
  assert.equal(code, 0)
  const types = lines.map(({ type, event = '' }) => `${type} ${event}`.trim())
  assert.deepEqual(types, ['run', 'event state', 'event progress', 'event state', 'run', 'model'])
  assert.equal(lines.at(-1).id, await ends[0])
  assert.equal(lines[2].data.metrics.loss, 4.5)
})

test('Ctrl-C leaves a run going, and says how to follow it again', { skip }, async () => {
  const id = await begin()
  const leaving = world.json(['logs', '-f', id], { onLine: ({ type }) => type === 'event' && pressCtrlC() })
  const { code, lines } = await leaving
  assert.equal(code, 3)
  assert.match(lines.at(-1).message, new RegExp(`kappa logs -f ${id}`))
  assert.equal((await world.api.call('GET', `/v1/runs/${id}`)).json.status, 'queued')
})

test('pause, resume, cancel, retry and extend do what the API calls so', { skip }, async () => {
  const id = await begin()
  for (const [words, status] of [
    [['pause', id], 'paused'],
    [['resume', id], 'queued'],
    [['cancel', id], 'cancelled'],
    [['retry', id], 'queued']
  ] as const) {
    const { code, lines } = await world.json(words)
    assert.deepEqual([code, lines[0].status], [0, status], words[0])
  }
  assert.equal((await world.json(['extend', id, '--epochs', '5'])).lines[0].epochs, 5)
  const onLine = ({ type, status }: Line) => type === 'run' && status === 'queued' && void world.kappa(['pause', id])
  const paused = await world.json(['retry', id, '--follow'], { onLine })
  assert.deepEqual([paused.code, paused.lines.at(-1).status], [3, 'paused'])
})

test('what the API refuses is one line that names the field, with exit code 2', { skip }, async () => {
  const id = await begin()
  for (const [words, line] of [
    [['run', ...flags, '--set', 'batch_size=0'], /^[^\n]*hyperparameters\.batch_size[^\n]*\n$/],
    [['run', ...flags, '--set', 'batchsize=8'], /batch_size is one/],
    [['run', '--dataset', 'ds_none'], /no such dataset/i],
    [['fork', id], /checkpoint/],
    [['extend', id, '--epochs', '2'], /epochs/],
    [['pause', 'run_none'], /no such run/i],
    [['pause'], /RUN is needed/],
    [['runs', '--status', 'done'], /--status must be one of/]
  ] as const) {
    const { code, stderr } = await world.kappa(words)
    assert.equal(code, 2, `${words.join(' ')}: ${stderr}`)
    assert.match(stderr, line)
  }
  const [line] = (await world.json(['run', ...flags, '--set', 'batch_size=0'])).lines
  assert.deepEqual([line.type, line.errors[0].path], ['failed', 'hyperparameters.batch_size'])
  assert.match(line.request_id, /./)
})

test('a server that is not there is a failure of the network', { skip }, async () => {
  process.env['KAPPA_URL'] = 'http://127.0.0.1:9'
  try {
    const { code, stderr } = await world.kappa(['pause', 'run_1'])
    assert.equal(code, 1)
    assert.match(stderr, /^The API cannot be reached\. Is the address right/)
  } finally {
    process.env['KAPPA_URL'] = world.url
  }
})
