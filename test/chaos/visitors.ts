/**
 * People who use the installation while it breaks. Each asks for something and, without an answer, for the same again with the
 * same Idempotency-Key; what is answered goes into the ledger. What is refused for its state is no fault: others were faster.
 */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { upload } from '../../src/demo/calls.ts'
import { IMAGES_FILE, LABELS_FILE, loadSplits, readExample } from '../../src/demo/fashion-mnist.ts'
import type { Prng } from '../../src/math/prng.ts'
import type { CallOptions, Reply } from '../helpers/platform.ts'
import type { Ledger } from './ledger.ts'
import type { World } from './world.ts'

export interface Visit {
  readonly world: World
  readonly ledger: Ledger
  readonly random: Prng
  /** Ends when the storm is over. */
  readonly signal: AbortSignal
}

/** The same of all: what ends in other weights was disturbed by the faults and nothing else. */
export const runOf = (dataset: string, seed: number) => ({
  dataset,
  method: 'dino-vmf',
  preset: 'mu',
  seed,
  hyperparameters: { epochs: 40 },
  checkpoint: { every_s: 10 }
})

export const SEEDS = [0, 1]
const SOURCE = { type: 'upload', select: { every: 40, offset: 0, invert: false } } as const
const AGAIN_MS = 500

/** Answers of a service that cannot just now; anything else of 500 and above is a fault of ours. */
const CANNOT_NOW = [429, 503]

/** Null when the storm is over before there is an answer. */
async function ask(
  { world, signal }: Pick<Visit, 'world' | 'signal'>,
  method: string,
  { path, ...options }: CallOptions & { readonly path: string }
): Promise<Reply | null> {
  while (!signal.aborted) {
    const reply = await world.call(method, path, options).catch((error: Error) => {
      if (error.name === 'AssertionError') throw error
      return null // nobody there, or gone in mid-answer
    })
    if (reply !== null && !CANNOT_NOW.includes(reply.status)) {
      assert.ok(reply.status < 500, `${method} ${path}: ${reply.status} ${reply.text}`)
      return reply
    }
    await sleep(AGAIN_MS, undefined, { signal }).catch(() => {}) // the storm is over: leaves the loop
  }
  return null
}

const create = (visit: Visit, path: string, json: unknown): Promise<Reply | null> => {
  const key = `chaos-${visit.random.bits()}-${visit.random.bits()}`
  return ask(visit, 'POST', { path, json, headers: { 'idempotency-key': key } })
}

function oneOf<T>(random: Prng, items: Iterable<T>): T | null {
  const all = [...items]
  return all.length === 0 ? null : all[random.integer(all.length)]!
}

async function uploadImages(visit: Visit): Promise<void> {
  const { world, ledger } = visit
  const made = await create(visit, '/v1/datasets', { name: 'fashion-mnist' })
  if (made?.status !== 201) return
  const { id } = made.json
  ledger.datasets.add(id)
  const uploads: string[] = []
  for (const filename of [IMAGES_FILE, LABELS_FILE]) {
    const done = await upload(world.client, id, { filename, bytes: await readExample(filename) }).catch(() => null)
    // An upload that broke off is begun anew, by whoever comes next: this dataset stays without a version.
    if (done === null) return
    uploads.push(done)
  }
  const version = await create(visit, `/v1/datasets/${id}/versions`, { source: { ...SOURCE, uploads } })
  if (version?.status === 202) ledger.versions.set(`${id}@${version.json.version}`, { isReady: false })
}

async function readyVersion({ world, ledger, random, signal }: Visit): Promise<string | null> {
  const reference = oneOf(random, ledger.versions.keys())
  if (reference === null) return null
  const known = ledger.versions.get(reference)!
  if (known.isReady) return reference
  const [id, number] = reference.split('@')
  const reply = await ask({ world, signal }, 'GET', { path: `/v1/datasets/${id}/versions/${number}` })
  known.isReady = reply?.json.status === 'ready'
  return known.isReady ? reference : null
}

async function startRun(visit: Visit): Promise<void> {
  const dataset = await readyVersion(visit)
  if (dataset === null) return
  const seed = SEEDS[visit.random.integer(SEEDS.length)]!
  const key = String(visit.random.bits())
  const made = await create(visit, '/v1/runs', { ...runOf(dataset, seed), metadata: { chaos: key } })
  if (made?.status === 202) visit.ledger.runs.set(made.json.id, { seed, key, isCancelled: false })
}

async function changeItsMind(visit: Visit): Promise<void> {
  const id = oneOf(visit.random, visit.ledger.runs.keys())
  if (id === null) return
  const verb = oneOf(visit.random, ['pause', 'resume', 'resume', 'retry', 'cancel'])!
  const known = visit.ledger.runs.get(id)!
  // Asked for, and perhaps heard without an answer.
  if (verb === 'cancel') known.isCancelled = true
  const reply = await ask(visit, 'POST', { path: `/v1/runs/${id}:${verb}` })
  if (verb === 'retry' && reply?.status === 200) known.isCancelled = false
}

async function exportCheckpoint(visit: Visit): Promise<void> {
  const id = oneOf(visit.random, visit.ledger.runs.keys())
  if (id === null) return
  const checkpoints = await ask(visit, 'GET', { path: `/v1/runs/${id}/checkpoints` })
  const complete = checkpoints?.json.data.find((one: { status: string }) => one.status === 'complete')
  if (!complete) return
  const made = await create(visit, '/v1/models', { checkpoint: complete.id })
  if (made?.status === 202) visit.ledger.models.add(made.json.id)
}

async function measure(visit: Visit): Promise<void> {
  const model = oneOf(visit.random, visit.ledger.models)
  const dataset = await readyVersion(visit)
  if (model === null || dataset === null) return
  const made = await create(visit, '/v1/evaluations', { model, dataset, protocols: ['knn'] })
  if (made?.status === 202) visit.ledger.evaluations.set(made.json.id, { isCancelled: false })
}

async function embed(visit: Visit): Promise<void> {
  const model = oneOf(visit.random, visit.ledger.models)
  if (model === null) return
  const { heldOut } = await loadSplits()
  const headers = { 'content-type': 'image/png' }
  await ask(visit, 'POST', { path: `/v1/models/${model}/embeddings`, body: heldOut.pngs[0]!, headers })
}

/** What is in use is refused, and stays. Heard without an answer, it may be gone: then it is asked for again until there is one. */
async function removeSomething(visit: Visit): Promise<void> {
  const { ledger, random } = visit
  const paths = [
    ...[...ledger.models].map((id) => `/v1/models/${id}`),
    ...[...ledger.evaluations.keys()].map((id) => `/v1/evaluations/${id}`),
    ...[...ledger.runs.keys()].map((id) => `/v1/runs/${id}`),
    ...[...ledger.datasets].map((id) => `/v1/datasets/${id}`)
  ]
  const path = oneOf(random, paths)!
  const known = await ask(visit, 'GET', { path })
  if (known === null) return
  const deleted = await ask(visit, 'DELETE', { path })
  // Without an answer nobody knows, and nothing is promised.
  if (deleted !== null && ![204, 404].includes(deleted.status)) return
  const { id } = known.json
  if (deleted !== null) ledger.removed.add(path)
  if (path.startsWith('/v1/models/') && known.json.run) ledger.withoutModel.add(known.json.run)
  ledger.models.delete(id)
  ledger.evaluations.delete(id)
  ledger.runs.delete(id)
  ledger.datasets.delete(id)
  for (const reference of ledger.versions.keys()) if (reference.startsWith(`${id}@`)) ledger.versions.delete(reference)
}

const VISITS: readonly ((visit: Visit) => Promise<void>)[] = [
  uploadImages,
  startRun,
  startRun,
  changeItsMind,
  exportCheckpoint,
  measure,
  embed,
  removeSomething
]

/** At the pace of a small team, so that a storm of three minutes leaves no more than the two cores can finish. */
const PACE_S = { low: 0.5, high: 4 }

/** Comes back until the storm is over. */
export async function visitAgainAndAgain(visit: Visit): Promise<void> {
  while (!visit.signal.aborted) {
    await oneOf(visit.random, VISITS)!(visit)
    const waitMs = 1000 * visit.random.uniformBetween(PACE_S.low, PACE_S.high)
    await sleep(waitMs, undefined, { signal: visit.signal }).catch(() => {}) // the storm is over
  }
}

/** Before the storm: images, and the weights that undisturbed runs end in. */
export async function prepare(visit: Visit): Promise<void> {
  const { world, ledger } = visit
  await uploadImages(visit)
  const [reference] = ledger.versions.keys()
  assert.ok(reference, 'the first images are uploaded')
  const [id] = reference.split('@')
  await world.waitFor(`/v1/datasets/${id}/versions/1`, ({ status }) => status === 'ready')
  ledger.versions.get(reference)!.isReady = true
  for (const seed of SEEDS) {
    const made = await world.call('POST', '/v1/runs', { json: runOf(reference, seed) })
    assert.equal(made.status, 202, made.text)
    ledger.runs.set(made.json.id, { seed, key: '', isCancelled: false })
  }
  for (const [run, { seed }] of ledger.runs) {
    const ended = await world.waitFor(`/v1/runs/${run}`, ({ finished_at }) => finished_at !== null)
    assert.equal(ended.status, 'succeeded', JSON.stringify(ended.error))
    const { json } = await world.call('GET', `/v1/runs/${run}/checkpoints`)
    ledger.undisturbed.set(seed, json.data[0].state_hash)
    ledger.models.add(ended.model)
  }
}
