/** From images to a served model, over HTTP alone: upload, train, embed, assign, inspect. */
import { dataOf, type KappaClient } from '../client/client.ts'
import type { CreateRun, Prototype, Run } from '../client/resources.ts'
import { followRunEvents } from '../client/run-events.ts'
import { isFinished } from '../client/run-status.ts'
import { assign, embed, type FullAssignments, upload, waitFor } from './calls.ts'
import { CLASSES, IMAGES_FILE, LABELS_FILE, loadSplits, readExample } from './fashion-mnist.ts'
import { createProgressLine } from './progress.ts'
import {
  formatAssignments,
  formatComponents,
  formatKappa,
  formatKnn,
  formatMixture,
  formatNeighbors,
  knnTop1
} from './report.ts'

export interface DemoOptions {
  readonly seed: number
  /** Null: as many as EVEN_PROTOTYPES has. */
  readonly epochs: number | null
  /** Ends the watching of a run, which would otherwise wait for a platform that is gone. */
  readonly signal: AbortSignal
}

/**
 * Three times as long as the preset, with assignments that are spread evenly in every batch and prototypes that are kept
 * apart: of 256 prototypes about nine in ten are used and unlike each other then, and kNN is above raw pixels (docs/presets.md).
 */
const EVEN_PROTOTYPES = { epochs: 24, centering: 'sinkhorn', koleo: { features: 0, prototypes: 0.1 } } as const

/** The held-out image whose neighbours and assignments are shown: the first. */
const SHOWN_ROW = 0
const ASSIGNED_ROWS = 100
const SHOWN_COMPONENTS = 8

const say = (text: string) => process.stdout.write(`${text}\n`)

async function createDataset(client: KappaClient): Promise<{ train: string; images: number }> {
  const { id } = await dataOf(client.POST('/v1/datasets', { body: { name: 'fashion-mnist' } }))
  const uploads: string[] = []
  for (const filename of [IMAGES_FILE, LABELS_FILE])
    uploads.push(await upload(client, id, { filename, bytes: await readExample(filename) }))
  const select = { every: 10, offset: 0, invert: true }
  const { version } = await dataOf(
    client.POST('/v1/datasets/{id}/versions', {
      params: { path: { id } },
      body: { source: { type: 'upload', uploads, classes: [...CLASSES], select } }
    })
  )
  const done = await waitFor(
    () => dataOf(client.GET('/v1/datasets/{id}/versions/{version}', { params: { path: { id, version } } })),
    ({ status }) => status === 'ready' || status === 'failed'
  )
  if (done.status === 'failed') throw new Error(`The images were not taken: ${JSON.stringify(done.error)}`)
  return { train: `${id}@${version}`, images: done.images }
}

/** Shows the run's progress until it has ended or is paused. */
async function watchRun(client: KappaClient, run: Run, signal: AbortSignal): Promise<Run> {
  const line = createProgressLine(process.stdout)
  const ask = () => dataOf(client.GET('/v1/runs/{id}', { params: { path: { id: run.id } } }))
  const refusal = await followRunEvents(client, {
    runId: run.id,
    after: 0,
    onEvent: ({ type, data }) => {
      if (type === 'progress') line.show(data, run.resolved_recipe.hyperparameters.epochs)
      if (type === 'alarm') say(`\n  alarm: ${String(data['message'])}`)
    },
    isOver: async () => {
      const now = await ask()
      return isFinished(now) || now.status === 'paused'
    },
    signal
  })
  line.end()
  if (refusal) throw refusal
  return ask()
}

async function trainModel(
  client: KappaClient,
  body: CreateRun,
  signal: AbortSignal
): Promise<{ run: string; model: string }> {
  const run = await dataOf(client.POST('/v1/runs', { body }))
  const ended = await watchRun(client, run, signal)
  if (ended.status !== 'succeeded')
    throw new Error(`The run ${ended.status}: ${ended.error?.message ?? 'no reason given'}`)
  const withModel = await waitFor(
    () => dataOf(client.GET('/v1/runs/{id}', { params: { path: { id: run.id } } })),
    (one) => one.model !== null
  )
  const model = await waitFor(
    () => dataOf(client.GET('/v1/models/{id}', { params: { path: { id: String(withModel.model) } } })),
    ({ status }) => status !== 'exporting'
  )
  if (model.status !== 'ready') throw new Error(`The model was not published: ${JSON.stringify(model.error)}`)
  return { run: run.id, model: model.id }
}

/** A component's images are others than its prototype's: none of the orders of prototypes is that of their components. */
async function largestComponents(client: KappaClient, id: string): Promise<Prototype[]> {
  const found: Prototype[] = []
  for (let after: string | null | undefined; after !== null; ) {
    const query = { sort: 'fitted_kappa', limit: 100, ...(after && { after }) } as const
    const page = await dataOf(client.GET('/v1/models/{id}/prototypes', { params: { path: { id }, query } }))
    found.push(...page.data)
    after = page.next_cursor
  }
  return found.sort((a, b) => b.fitted!.usage - a.fitted!.usage).slice(0, SHOWN_COMPONENTS)
}

async function inspect(client: KappaClient, id: string): Promise<void> {
  const path = { id }
  const { config, mixture } = await dataOf(client.GET('/v1/models/{id}', { params: { path } }))
  say('\n6. Inspect: which prototypes are used, and how tightly training images lie (a mixture fitted to them)')
  if (mixture !== null) say(formatMixture({ prototypes: config?.prototypes ?? 0, mixture }))
  say(formatComponents(await largestComponents(client, id)))
  say("\n   and the teacher's own kappa = ‖w‖/τ, the precision with which it assigns: it measures no image")
  const teacher = { path, query: { view: 'model', bins: 12 } } as const
  say(formatKappa(await dataOf(client.GET('/v1/models/{id}/kappa', { params: teacher }))))
}

const mostMixed = (results: readonly FullAssignments[]): number =>
  results.reduce((best, { entropy }, row) => (entropy > results[best]!.entropy ? row : best), 0)

export async function runDemo(
  client: KappaClient,
  { seed, epochs, signal }: DemoOptions
): Promise<{ run: string; model: string }> {
  const { train, heldOut } = await loadSplits()
  say('1. Upload: Fashion-MNIST, 10,000 photographs of clothes, every tenth held out')
  const dataset = await createDataset(client)
  say(`   ${dataset.images.toLocaleString('en')} images to train on, labels unused until the last step\n`)

  const request = { dataset: dataset.train, method: 'dino-vmf', preset: 'demo', seed } as const
  say(
    '2. Train: the untrained network first (0 epochs, same seed), then DINO-vMF with Sinkhorn–Knopp and KoLeo on prototypes'
  )
  const untrained = await trainModel(client, { ...request, name: 'untrained', hyperparameters: { epochs: 0 } }, signal)
  const hyperparameters = { ...EVEN_PROTOTYPES, ...(epochs !== null && { epochs }) }
  const trained = await trainModel(client, { ...request, name: 'demo', hyperparameters }, signal)

  say('\n3. Embed: all 10,000 images through POST /v1/embeddings, twice')
  const banks = []
  for (const [name, model] of [
    ['untrained backbone', untrained.model],
    ['trained backbone', trained.model]
  ] as const) {
    const embedAll = (images: readonly Uint8Array[]) => embed(client, model, { images })
    banks.push({ name, train: await embedAll(train.pngs), heldOut: await embedAll(heldOut.pngs) })
  }
  const pixels = { name: 'raw pixels', train: train.pixels, heldOut: heldOut.pixels }
  say('\n   kNN top-1 on the 1,000 held-out images (k = 20, T = 0.07, cosine)')
  say(formatKnn([pixels, ...banks].map((bank) => ({ name: bank.name, accuracy: knnTop1(bank, train, heldOut) }))))

  const label = CLASSES[heldOut.labels[SHOWN_ROW]!]
  say(`\n4. Search: the five training images nearest to held-out image ${heldOut.positions[SHOWN_ROW]} (${label})`)
  say(formatNeighbors(banks[1]!, train, { row: SHOWN_ROW, heldOut }))
  say('\n5. Assign: the same image as a mixture of prototypes')
  const assigned = { images: heldOut.pngs.slice(0, ASSIGNED_ROWS), topK: 5 }
  const assignments = await assign(client, trained.model, assigned)
  say(formatAssignments(assignments[SHOWN_ROW]!))
  const mixed = mostMixed(assignments)
  const mixedLabel = CLASSES[heldOut.labels[mixed]!]
  say(`\n   and image ${heldOut.positions[mixed]} (${mixedLabel}), the least certain of the first ${ASSIGNED_ROWS}`)
  say(formatAssignments(assignments[mixed]!))
  await inspect(client, trained.model)
  return trained
}
