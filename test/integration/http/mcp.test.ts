/** `kappa mcp` as an assistant's program starts it: the SDK's client over stdin and stdout, in front of the real API. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { getDefaultEnvironment, StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js'
import type { Scope } from '../../../src/domain/access.ts'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aCheckpoint, aReadyModel, aReadyVersion } from '../../helpers/records.ts'
import { aVectorSet } from '../../helpers/vector-records.ts'

const skip = await whyNoPostgres()
const CLI = resolve(import.meta.dirname, '../../../src/bin/cli.ts')
const AT = new Date(Date.UTC(2026, 0, 1))
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })
const dataset = skip ? '' : (await aReadyVersion(api, api.projectId)).datasetId
const folder = await mkdtemp(join(tmpdir(), 'kappa-mcp-'))
after(() => rm(folder, { recursive: true, force: true }))
if (!skip) await api.app.listen({ port: 0, host: '127.0.0.1' })

async function connect(key: string): Promise<Client> {
  const { port } = api.app.server.address() as AddressInfo
  const env = { ...getDefaultEnvironment(), KAPPA_URL: `http://127.0.0.1:${port}/`, KAPPA_API_KEY: key }
  const client = new Client({ name: 'test', version: '1' })
  await client.connect(
    new StdioClientTransport({ command: process.execPath, args: [CLI, 'mcp'], env, stderr: 'inherit' })
  )
  return client
}

async function connectWith(scopes: readonly Scope[]): Promise<Client> {
  return connect((await api.issueKey({ scopes })).key)
}

const assistant = skip ? (undefined as unknown as Client) : await connect(api.adminKey)
after(() => assistant?.close())

interface Said {
  readonly isError: boolean
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly json: any
}

async function ask(name: string, args: object, client = assistant): Promise<Said> {
  const { content, isError = false } = (await client.callTool({ name, arguments: { ...args } })) as CallToolResult
  const [first] = content
  assert.ok(first?.type === 'text')
  return {
    isError,
    text: first.text,
    get json() {
      assert.equal(isError, false, first.text)
      return JSON.parse(first.text)
    }
  }
}

const REQUEST = { dataset: `${dataset}@1`, method: 'dino-vmf', preset: 'demo', hyperparameters: { epochs: 2 } }
const newRun = async (): Promise<string> => (await api.call('POST', '/v1/runs', { body: REQUEST })).json.id

test('tools say what they take and which of them change something', { skip }, async () => {
  const { tools } = await assistant.listTools()
  assert.deepEqual(tools.map(({ name }) => name).sort(), [
    ...['assign_image', 'cancel_run', 'diagnose_run', 'embed_image', 'extend_run', 'fork_run', 'get_run'],
    ...['label_accuracy', 'list_datasets', 'list_models', 'list_runs', 'list_vector_sets', 'make_vector_set'],
    ...['match_prototypes', 'model_drift', 'near_duplicates', 'outliers', 'pause_run', 'proposed_labels'],
    ...['quota_usage', 'resume_run', 'search_images', 'submit_run', 'watch_run']
  ])
  const changing = tools.filter(({ annotations }) => annotations?.readOnlyHint !== true).map(({ name }) => name)
  assert.deepEqual(changing.sort(), [
    ...['cancel_run', 'extend_run', 'fork_run', 'make_vector_set', 'pause_run', 'resume_run', 'submit_run']
  ])
  for (const { inputSchema } of tools) assert.equal(inputSchema.additionalProperties, false)
})

test('a run is planned, submitted, paused, resumed, made longer and cancelled', { skip }, async () => {
  const plan = (await ask('submit_run', { request: REQUEST, validate_only: true })).json
  assert.equal(plan.submitted, false)
  assert.equal(plan.plan.resolved_recipe.hyperparameters.epochs, 2)
  const before = (await ask('list_runs', { limit: 100 })).json.data.length
  const { run, submitted } = (await ask('submit_run', { request: REQUEST })).json
  assert.equal(submitted, true)
  assert.equal((await ask('list_runs', { limit: 100, status: 'queued' })).json.data.length, before + 1)
  assert.equal((await ask('pause_run', { run: run.id })).json.status, 'paused')
  assert.equal((await ask('extend_run', { run: run.id, epochs: 3 })).json.status, 'queued')
  assert.equal((await ask('get_run', { run: run.id })).json.resolved_recipe.hyperparameters.epochs, 3)
  assert.equal((await ask('cancel_run', { run: run.id })).json.status, 'cancelled')
  assert.match((await ask('resume_run', { run: run.id })).text, /^409 run_not_resumable: /)
})

test('what the API refuses is told in its words, with the field', { skip }, async () => {
  const { isError, text } = await ask('submit_run', { request: { ...REQUEST, hyperparameters: { epochs: -1 } } })
  assert.equal(isError, true)
  assert.match(text, /^422 invalid_recipe: /)
  assert.match(text, /\/hyperparameters\/epochs must be/)
  assert.match(text, /request_id req_/)
  const unknown = await ask('get_run', { run: 'run_00000000000000000000000000' })
  assert.match(unknown.text, /^404 run_not_found: /)
})

test('arguments that a tool does not take are refused by name, and nothing is asked', { skip }, async () => {
  const { isError, text } = await ask('list_runs', { limit: 0 })
  assert.equal(isError, true)
  assert.match(text, /\/limit must be >= 1/)
  await assert.rejects(ask('delete_run', {}), /There is no tool delete_run/)
})

test('a fork is validated, then queued from the checkpoint', { skip }, async () => {
  const id = await newRun()
  const checkpoint = aCheckpoint(id, api.projectId)
  await api.stores.checkpoints.insert(checkpoint)
  const request = { run: id, checkpoint: checkpoint.id, overrides: { hyperparameters: { learning_rate: 0.0001 } } }
  const planned = (await ask('fork_run', { ...request, validate_only: true })).json
  assert.equal(planned.submitted, false)
  const forked = (await ask('fork_run', request)).json
  assert.equal(forked.forked_from.checkpoint, checkpoint.id)
  assert.equal(forked.run.status, 'queued')
  assert.match((await ask('fork_run', { ...request, overrides: { dataset } })).text, /^400 /)
})

test('watching ends with the run, and goes on behind what was seen', { skip }, async () => {
  const id = await newRun()
  const progress = { type: 'progress', level: 'info', data: { step: 5, totalSteps: 10 } } as const
  await api.stores.events.append(id, [progress, { type: 'state', level: 'info', data: { status: 'succeeded' } }], AT)
  await api.stores.runs.update(id, { status: 'succeeded' })
  const told: number[] = []
  const { content } = (await assistant.callTool({ name: 'watch_run', arguments: { run: id, seconds: 30 } }, undefined, {
    onprogress: (one) => void told.push(one.progress)
  })) as CallToolResult
  const seen = JSON.parse(content[0]?.type === 'text' ? content[0].text : '')
  assert.equal(seen.has_ended, true)
  assert.deepEqual(told, [5])
  assert.deepEqual(
    seen.events.map((one: { type: string }) => one.type),
    ['state', 'state']
  )
  assert.equal(seen.events_left_out, 1)
  assert.deepEqual((await ask('watch_run', { run: id, after: seen.after })).json.events, [])
})

test('watching a run that nothing happens to ends after its seconds', { skip }, async () => {
  const seen = (await ask('watch_run', { run: await newRun(), seconds: 1 })).json
  assert.equal(seen.has_ended, false)
  assert.equal(seen.run.status, 'queued')
})

async function aRunWith(metrics: Readonly<Record<string, number>>): Promise<string> {
  const id = await newRun()
  await api.stores.runs.update(id, { progress: { step: 50, totalSteps: 100, epoch: 1, percent: 50, imagesSeen: 3200 } })
  const points = Array.from({ length: 50 }, (_, i) => i + 1).flatMap((step) =>
    Object.entries(metrics).map(([key, value]) => ({ key, step, value }))
  )
  await api.stores.metrics.write(id, points)
  return id
}

test('a collapse is told by its rule, its alarm, the healthy checkpoint, and the rows of the docs', {
  skip
}, async () => {
  const id = await aRunWith({
    teacher_entropy: 0.2,
    mean_assignment_entropy: 0.4,
    top_assignment: 0.9,
    kappa_p5: 38,
    kappa_p50: 40,
    kappa_p95: 42,
    used_prototypes: 3
  })
  const data = {
    rule: 'collapse_few',
    step: 40,
    sinceStep: 26,
    message: 'Few prototypes take all images.',
    lastHealthyCheckpoint: 'ckpt_1'
  }
  await api.stores.events.append(id, [{ type: 'alarm', level: 'warn', data }], AT)
  const { text } = await ask('diagnose_run', { run: id })
  assert.match(
    text,
    /collapse_few at step 40, holding since step 26: "Few prototypes take all images\." The last checkpoint from before it: ckpt_1\./
  )
  assert.match(text, /The rule collapse_few holds of them: few prototypes take all images\./)
  assert.match(text, /top_assignment 90\.0 %/)
  assert.match(text, /kappa 5\/50\/95 %: 38 \/ 40 \/ 42\. It is no alarm/)
  assert.match(text, /`teacher_temperature`.*`collapse_few`: blunter/)
  assert.match(text, /In this run: teacher_temperature = \[/)
})

test('of a healthy run no rule is said to hold, and no advice is given', { skip }, async () => {
  const { text } = await ask('diagnose_run', {
    run: await aRunWith({ teacher_entropy: 2, mean_assignment_entropy: 5, top_assignment: 0.03 })
  })
  assert.match(text, /raised\nNone\./)
  assert.match(text, /None of the rules/)
  assert.match(text, /No window of 50 steps/)
  assert.doesNotMatch(text, /says to look at/)
})

test('of a run without metrics it says that there are none', { skip }, async () => {
  assert.match((await ask('diagnose_run', { run: await newRun() })).text, /There are no metrics of assignments yet\./)
})

test('a file is embedded and assigned; a file that is not there is named', { skip }, async () => {
  const model = await aReadyModel(api.stores, api.projectId)
  const image = join(folder, 'a.png')
  await writeFile(image, Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(20, 1)]))
  const embedded = (await ask('embed_image', { model: model.id, image })).json
  assert.equal(embedded.dimensions, 8)
  assert.equal(embedded.vector, undefined)
  const { vector, max } = (await ask('embed_image', { model: model.id, image, include_vector: true })).json
  assert.equal(max, Math.max(...vector))
  const assigned = (await ask('assign_image', { model: model.id, image, top_k: 2 })).json
  assert.equal(assigned.assignments.length, 2)
  assert.equal(assigned.posterior, 'teacher')
  assert.match((await ask('embed_image', { model: model.id, image: join(folder, 'b.png') })).text, /b\.png/)
  assert.match(
    (await ask('embed_image', { model: model.id, image: 'https://elsewhere.example/a.png' })).text,
    /^4\d\d url_not_allowed/
  )
})

test('nearest images, drift and which prototype is which are read, by whoever may', { skip }, async () => {
  const { datasetId } = await aReadyVersion(api, api.projectId, 12)
  const [old, fresh] = [await aReadyModel(api.stores, api.projectId), await aReadyModel(api.stores, api.projectId)]
  for (const model of [old, fresh]) await aVectorSet(api, model, datasetId)
  const { data } = (await ask('list_vector_sets', { limit: 2 })).json
  const [set] = data
  const image = join(folder, 'sought.png')
  await writeFile(image, Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(20, 1)]))
  const found = (await ask('search_images', { vector_set: set.id, image, top_k: 3, labels: ['left'] })).json
  assert.deepEqual([found.matches.length, found.matches[0].label, found.exact], [3, 'left', true])
  assert.equal((await ask('search_images', { vector_set: set.id, index: 1 })).json.matches.length, 10)
  assert.match(
    (await ask('search_images', { vector_set: set.id })).text,
    /takes one of input, vector, index and prototype/
  )
  const matching = (await ask('match_prototypes', { model: fresh.id, against: old.id })).json
  assert.deepEqual([matching.agreement, matching.pairs.length], [1, 3])
  assert.equal((await ask('model_drift', { model: fresh.id })).json.enabled, false)
})

test('models, datasets and what is used of quotas are listed', { skip }, async () => {
  const model = await aReadyModel(api.stores, api.projectId, { name: 'listed' })
  assert.deepEqual(
    (await ask('list_models', { name: 'listed' })).json.data.map((one: { id: string }) => one.id),
    [model.id]
  )
  for (const tool of ['list_runs', 'list_models', 'list_datasets'])
    assert.deepEqual((await ask(tool, { name: 'nothing has this' })).json.data, [], tool)
  assert.ok((await ask('list_datasets', {})).json.data.some((one: { id: string }) => one.id === dataset))
  const projects = (await ask('quota_usage', {})).json.data
  assert.ok(projects.find((one: { id: string }) => one.id === api.projectId).usage.queued_runs > 0)
})

test('a tool that the key may not use answers which scope it lacks', { skip }, async () => {
  const reader = await connectWith(['runs:read'])
  try {
    assert.equal((await ask('list_runs', {}, reader)).isError, false)
    const refused = await ask('submit_run', { request: REQUEST }, reader)
    assert.equal(refused.isError, true)
    assert.match(refused.text, /^403 forbidden: .*runs:write/)
    assert.match((await ask('quota_usage', {}, reader)).text, /^403 forbidden: .*admin/)
  } finally {
    await reader.close()
  }
})

test('the API’s document and the pages of docs/ are resources, and nothing else of the disk is', { skip }, async () => {
  const { resources } = await assistant.listResources()
  assert.ok(resources.some(({ uri }) => uri === 'kappa://docs/metrics.md'))
  const page = await assistant.readResource({ uri: 'kappa://docs/metrics.md' })
  assert.match(JSON.stringify(page.contents), /teacher_entropy/)
  const [document] = (await assistant.readResource({ uri: 'kappa://openapi' })).contents
  assert.ok(document && 'text' in document)
  assert.ok(JSON.parse(document.text).paths['/v1/runs'])
  await assert.rejects(assistant.readResource({ uri: 'kappa://docs/../package.json' }), /There is no resource/)
})
