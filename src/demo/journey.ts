/** From images to a served model, over HTTP alone: upload, train, embed, assign, inspect. */
import type { Client, ImageAssignments, Kappa } from './client.ts'
import { CLASSES, IMAGES_FILE, LABELS_FILE, loadSplits, readExample } from './fashion-mnist.ts'
import { createProgressLine } from './progress.ts'
import { formatAssignments, formatKappa, formatKnn, formatNeighbors, knnTop1 } from './report.ts'

export interface DemoOptions {
  readonly seed: number
  /** Null takes the preset's. */
  readonly epochs: number | null
}

interface Run {
  readonly id: string
  readonly status: string
  readonly model: string | null
  readonly error: { readonly message: string } | null
  readonly resolved_recipe: { readonly hyperparameters: { readonly epochs: number } }
}

/** The held-out image whose neighbours and assignments are shown: the first. */
const SHOWN_ROW = 0
const ASSIGNED_ROWS = 100

const say = (text: string) => process.stdout.write(`${text}\n`)

async function createDataset(client: Client): Promise<{ train: string; images: number }> {
  const dataset = await client.call<{ id: string }>('POST', '/v1/datasets', { name: 'fashion-mnist' })
  const uploads: string[] = []
  for (const name of [IMAGES_FILE, LABELS_FILE])
    uploads.push(await client.upload(dataset.id, name, await readExample(name)))
  const path = `/v1/datasets/${dataset.id}/versions`
  const version = await client.call<{ version: number }>('POST', path, {
    source: { type: 'upload', uploads, classes: [...CLASSES], select: { every: 10, offset: 0, invert: true } }
  })
  const done = await client.waitFor<{ status: string; images: number; error: unknown }>(
    `${path}/${version.version}`,
    ({ status }) => status === 'ready' || status === 'failed'
  )
  if (done.status === 'failed') throw new Error(`The images were not taken: ${JSON.stringify(done.error)}`)
  return { train: `${dataset.id}@${version.version}`, images: done.images }
}

/** Follows the run's events until its model is ready. */
async function trainModel(client: Client, body: Record<string, unknown>): Promise<{ run: string; model: string }> {
  const run = await client.call<Run>('POST', '/v1/runs', body)
  const line = createProgressLine(process.stdout)
  for await (const event of client.events(run.id)) {
    if (event.type === 'progress') line.show(event.data, run.resolved_recipe.hyperparameters.epochs)
    if (event.type === 'alarm') say(`\n  alarm: ${String(event.data['message'])}`)
  }
  line.end()
  const ended = await client.call<Run>('GET', `/v1/runs/${run.id}`)
  if (ended.status !== 'succeeded')
    throw new Error(`The run ${ended.status}: ${ended.error?.message ?? 'no reason given'}`)
  const withModel = await client.waitFor<Run>(`/v1/runs/${run.id}`, ({ model }) => model !== null)
  const model = await client.waitFor<{ id: string; status: string; error: unknown }>(
    `/v1/models/${withModel.model}`,
    ({ status }) => status !== 'exporting'
  )
  if (model.status !== 'ready') throw new Error(`The model was not published: ${JSON.stringify(model.error)}`)
  return { run: run.id, model: model.id }
}

const mostMixed = (results: readonly ImageAssignments[]): number =>
  results.reduce((best, { entropy }, row) => (entropy > results[best]!.entropy ? row : best), 0)

export async function runDemo(client: Client, options: DemoOptions): Promise<{ run: string; model: string }> {
  const { train, heldOut } = await loadSplits()
  say('1. Upload: Fashion-MNIST, 10,000 photographs of clothes, every tenth held out')
  const dataset = await createDataset(client)
  say(`   ${dataset.images.toLocaleString('en')} images to train on, labels unused until the last step\n`)

  const request = { dataset: dataset.train, method: 'dino-vmf', preset: 'demo', seed: options.seed }
  say('2. Train: the untrained network first (0 epochs, same seed), then DINO-vMF')
  const untrained = await trainModel(client, { ...request, name: 'untrained', hyperparameters: { epochs: 0 } })
  const hyperparameters = options.epochs === null ? {} : { epochs: options.epochs }
  const trained = await trainModel(client, { ...request, name: 'demo', hyperparameters })

  say('\n3. Embed: all 10,000 images through POST /v1/embeddings, twice')
  const banks = []
  for (const [name, model] of [
    ['untrained backbone', untrained.model],
    ['trained backbone', trained.model]
  ] as const) {
    banks.push({ name, train: await client.embed(model, train.pngs), heldOut: await client.embed(model, heldOut.pngs) })
  }
  const pixels = { name: 'raw pixels', train: train.pixels, heldOut: heldOut.pixels }
  say('\n   kNN top-1 on the 1,000 held-out images (k = 20, T = 0.07, cosine)')
  say(formatKnn([pixels, ...banks].map((bank) => ({ name: bank.name, accuracy: knnTop1(bank, train, heldOut) }))))

  const label = CLASSES[heldOut.labels[SHOWN_ROW]!]
  say(`\n4. Search: the five training images nearest to held-out image ${heldOut.positions[SHOWN_ROW]} (${label})`)
  say(formatNeighbors(banks[1]!, train, { row: SHOWN_ROW, heldOut }))
  say('\n5. Assign: the same image as a mixture of prototypes')
  const assignments = await client.assign(trained.model, heldOut.pngs.slice(0, ASSIGNED_ROWS), 5)
  say(formatAssignments(assignments[SHOWN_ROW]!))
  const mixed = mostMixed(assignments)
  const mixedLabel = CLASSES[heldOut.labels[mixed]!]
  say(`\n   and image ${heldOut.positions[mixed]} (${mixedLabel}), the least certain of the first ${ASSIGNED_ROWS}`)
  say(formatAssignments(assignments[mixed]!))
  say('\n6. Inspect: kappa = ‖w‖/τ of every prototype, the precision with which the teacher assigns')
  say(formatKappa(await client.call<Kappa>('GET', `/v1/models/${trained.model}/kappa?bins=12`)))
  return trained
}
