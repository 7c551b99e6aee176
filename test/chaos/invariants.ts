/** What has to hold when the storm is over and everything has come to its end. Each broken promise is a sentence. */
import { Client } from 'pg'
import type { Reply } from '../helpers/platform.ts'
import type { Ledger } from './ledger.ts'
import { checkOwners } from './owners.ts'
import type { World } from './world.ts'

type Broken = string[]
type Json = Reply['json']

async function everyPage(world: World, path: string): Promise<Json[]> {
  const all: Json[] = []
  let after = ''
  for (;;) {
    const { json } = await world.call('GET', `${path}${path.includes('?') ? '&' : '?'}limit=100${after}`)
    all.push(...json.data)
    if (!json.has_more) return all
    after = `&after=${json.next_cursor}`
  }
}

async function checkRun(world: World, ledger: Ledger, id: string): Promise<Broken> {
  const promised = ledger.runs.get(id)!
  const { status, json: run } = await world.call('GET', `/v1/runs/${id}`)
  if (status !== 200) return [`run ${id} was acknowledged and is answered with ${status}`]
  const broken: Broken = []
  const isAsPromised = run.status === 'succeeded' || (run.status === 'cancelled' && promised.isCancelled)
  if (!isAsPromised)
    broken.push(`run ${id} has ${run.status}: ${JSON.stringify(run.error)} ${JSON.stringify(run.failures)}`)
  const events = await everyPage(world, `/v1/runs/${id}/events`)
  const holes = events.filter(({ seq }, i) => seq !== i + 1)
  if (holes.length > 0) broken.push(`run ${id} has holes in its events, the first before ${holes[0].seq}`)
  if (run.status !== 'succeeded') return broken
  const checkpoints = await everyPage(world, `/v1/runs/${id}/checkpoints`)
  const last = checkpoints[0]
  if (last?.state_hash !== ledger.undisturbed.get(promised.seed))
    broken.push(`run ${id} ended with other weights: ${JSON.stringify(last)}`)
  const { json: metrics } = await world.call('GET', `/v1/runs/${id}/metrics?keys=loss&max_points=10000`)
  const steps: number[] = metrics.series[0]?.steps ?? []
  const isWhole = steps.length === run.progress.total_steps && steps.every((step, i) => step === i + 1)
  if (!isWhole) broken.push(`run ${id} has ${steps.length} points of loss for ${run.progress.total_steps} steps`)
  if (run.model !== null) ledger.models.add(run.model)
  else if (!ledger.withoutModel.has(id)) broken.push(`run ${id} has no model`)
  return broken
}

async function checkModel(world: World, id: string): Promise<Broken> {
  const { status, json: model } = await world.call('GET', `/v1/models/${id}`)
  if (status !== 200) return [`model ${id} was acknowledged and is answered with ${status}`]
  // A checkpoint may be retired between the request for its model and the export.
  if (model.status === 'failed' && model.error.code === 'checkpoint_not_found') return []
  if (model.status !== 'ready') return [`model ${id} is ${model.status}: ${JSON.stringify(model.error)}`]
  const { json: artifacts } = await world.call('GET', `/v1/models/${id}/artifacts`)
  const broken: Broken = []
  for (const { name, url, bytes } of artifacts.data) {
    const response = await fetch(url)
    const got = (await response.arrayBuffer()).byteLength
    if (response.status !== 200 || got !== bytes)
      broken.push(`file ${name} of model ${id} has ${got} of ${bytes} bytes`)
  }
  return broken
}

async function checkStatus(world: World, path: string, wanted: readonly string[]): Promise<Broken> {
  const { status, json } = await world.call('GET', path)
  if (status !== 200) return [`${path} was acknowledged and is answered with ${status}`]
  return wanted.includes(json.status) ? [] : [`${path} is ${json.status}: ${JSON.stringify(json.error)}`]
}

/** A request that was repeated with its key made one run, however often its answer was lost. */
async function checkOnce(world: World, ledger: Ledger): Promise<Broken> {
  const broken: Broken = []
  for (const { key } of ledger.runs.values()) {
    if (key === '') continue
    const same = await everyPage(world, `/v1/runs?metadata[chaos]=${key}`)
    if (same.length !== 1) broken.push(`one request made ${same.length} runs: ${same.map(({ id }) => id).join(', ')}`)
  }
  return broken
}

async function jobsOf(client: Client): Promise<readonly string[]> {
  const { rows } = await client.query(
    `select name, state, count(*)::int as jobs from pgboss.job
     where name not like '\\_\\_%' and state in ('created', 'retry', 'active') group by 1, 2`
  )
  return rows.map(({ name, state, jobs }) => `${jobs} jobs of ${name} ${state}`)
}

/** Behind the API's back: nothing waits or runs that nobody waits for. */
async function checkQueue(world: World): Promise<Broken> {
  const client = new Client({ connectionString: world.databaseUrl })
  await client.connect()
  const jobs = await jobsOf(client)
  const tries = await client.query('select subject, holder, failures from job_tries')
  await client.end()
  return [
    ...jobs.map((one) => `still in the queue: ${one}`),
    ...tries.rows.map((one) => `tries are kept of work that has ended: ${JSON.stringify(one)}`)
  ]
}

export async function checkInvariants(world: World, ledger: Ledger): Promise<readonly string[]> {
  // What is collected wrongly is missed by all that follows.
  const broken: Broken = [...(await checkOwners(world))]
  for (const id of ledger.datasets) broken.push(...(await checkExists(world, `/v1/datasets/${id}`)))
  for (const reference of ledger.versions.keys()) {
    const [id, number] = reference.split('@')
    broken.push(...(await checkStatus(world, `/v1/datasets/${id}/versions/${number}`, ['ready'])))
  }
  for (const id of ledger.runs.keys()) broken.push(...(await checkRun(world, ledger, id)))
  for (const id of ledger.models) broken.push(...(await checkModel(world, id)))
  for (const id of ledger.evaluations.keys())
    broken.push(...(await checkStatus(world, `/v1/evaluations/${id}`, ['succeeded'])))
  for (const path of ledger.removed) {
    const { status } = await world.call('GET', path)
    if (status !== 404) broken.push(`${path} was deleted and is answered with ${status}`)
  }
  broken.push(...(await checkOnce(world, ledger)), ...(await checkQueue(world)))
  return broken
}

async function checkExists(world: World, path: string): Promise<Broken> {
  const { status } = await world.call('GET', path)
  return status === 200 ? [] : [`${path} was acknowledged and is answered with ${status}`]
}

/** Runs that people paused and left, and all that is still on its way: null when nothing is. */
export async function whatIsOpen(world: World): Promise<readonly string[]> {
  const open: string[] = []
  for (const { id, status } of await everyPage(world, '/v1/runs')) {
    if (status === 'paused') await world.call('POST', `/v1/runs/${id}:resume`)
    if (!['succeeded', 'failed', 'cancelled'].includes(status)) open.push(`${id} ${status}`)
  }
  for (const { id, status } of await everyPage(world, '/v1/models'))
    if (status === 'exporting') open.push(`${id} ${status}`)
  for (const { id, status } of await everyPage(world, '/v1/evaluations'))
    if (!['succeeded', 'failed', 'cancelled'].includes(status)) open.push(`${id} ${status}`)
  for (const { id } of await everyPage(world, '/v1/datasets'))
    for (const { version, status } of await everyPage(world, `/v1/datasets/${id}/versions`))
      if (!['ready', 'failed', 'cancelled'].includes(status)) open.push(`${id}@${version} ${status}`)
  return [...open, ...(await whatIsToGo(world))]
}

async function whatIsToGo({ databaseUrl }: World): Promise<readonly string[]> {
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  const { rows } = await client.query('select prefix, tries from removals')
  // That of a worker which was killed is taken from it when its heartbeats are missed, half a minute later: its run may have ended by then.
  const jobs = await jobsOf(client)
  await client.end()
  return [...rows.map(({ prefix, tries }) => `${prefix} to be removed, tried ${tries} times`), ...jobs]
}
