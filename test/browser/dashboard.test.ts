/** The dashboard in a real browser on a real platform: from an empty project to a model that is tried on an image. */
import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { encodePng } from '../../src/base/png.ts'
import { CLASSES, IMAGES_FILE, LABELS_FILE, SIZE } from '../../src/demo/fashion-mnist.ts'
import { type Dashboard, exactly, handsOn, noBrowser, seriousFindings, startDashboard } from '../helpers/dashboard.ts'
import type { Platform } from '../helpers/platform.ts'
import { describeLater } from './dashboard-later.ts'

if (noBrowser) process.stderr.write(`\nSKIPPED: dashboard in a browser: ${noBrowser}\n`)

const EXAMPLES = resolve(import.meta.dirname, '../../examples/fashion-mnist')
const INGEST_MS = 60_000
const TRAIN_MS = 240_000

describe('the dashboard', { skip: noBrowser }, () => {
  let dashboard: Dashboard
  let platform: Platform
  let page: Page

  const { open, field, button, heading, seen } = handsOn(() => dashboard)

  before(async () => {
    dashboard = await startDashboard()
    ;({ platform, page } = dashboard)
  })
  after(() => dashboard?.stop())

  it('asks for a key, says what is wrong with it, and takes one from the address without leaving it there', async () => {
    await open('')
    await field('API key').fill('kappa_nobody_00000000000000000000')
    await button('Open').click()
    await seen('A valid API key, or a token')
    await open(`#key=${platform.adminKey}`)
    await seen('No run yet.')
    assert.ok(!page.url().includes('kappa_'), page.url())
  })

  it('uploads images, part by part, and shows the version that came of them', async () => {
    await open('#/datasets/new')
    const files = [IMAGES_FILE, LABELS_FILE].map((name) => resolve(EXAMPLES, name))
    await page.getByLabel('Files with images').setInputFiles(files)
    await field('Name').fill('fashion')
    await field('Class names (optional)').fill(CLASSES.join(', '))
    await button('Upload and ingest').click()
    await page.getByRole('link', { name: 'Train on it' }).waitFor({ timeout: INGEST_MS })
    await seen('10,000')
    await heading('10 labels').waitFor()
    const labels = page.getByRole('list', { name: 'Images by label' }).getByRole('listitem')
    await labels.filter({ hasText: /^Ankle boot1,000$/ }).waitFor()
    await exactly(labels, 10)
  })

  it('shows the images of a version, those of one label, and one by itself', async () => {
    const dataset = page.url()
    await page.getByRole('link', { name: 'See its images' }).click()
    await heading('Images of version 1').waitFor()
    await page.locator('.gallery img').first().waitFor()
    await field('Label').selectOption('Ankle boot')
    await heading('Images with the label Ankle boot').waitFor()
    const tiles = page.getByRole('list', { name: 'Images' }).getByRole('button')
    await tiles.first().click()
    const dialog = page.getByRole('dialog')
    await dialog.locator('img').waitFor()
    await dialog.getByText('Ankle boot').waitFor()
    const first = await dialog.getAttribute('aria-label')
    await page.keyboard.press('ArrowRight')
    assert.notEqual(await dialog.getAttribute('aria-label'), first)
    const saving = page.waitForEvent('download')
    await button('Download').click()
    assert.equal(await (await saving).failure(), null)
    await button('Close').click()
    await page.goto(dataset)
  })

  it('checks a run while it is written, with the finding beside its field, and starts it', async () => {
    await page.getByRole('link', { name: 'Train on it' }).click()
    // What was chosen for the images, and why, before anything is asked.
    await seen('Why')
    await page.getByText('Change the recipe').click()
    await field('Preset').selectOption('mu')
    await field('Name').fill('first')
    await field('Batch size').fill('200')
    await field('Epochs').fill('many')
    await seen('Cannot be trained as written')
    assert.equal(await field('Epochs').getAttribute('aria-invalid'), 'true')
    assert.ok(await button('Start run').isDisabled())
    await field('Epochs').fill('1')
    await field('Warm-up epochs').fill('0')
    await seen('Can be trained')
    await button('Start run').click()
    await heading('first').waitFor()
  })

  it('draws the run as it trains and says when it has ended, without a reload', async () => {
    await page.locator('.chart path.line').first().waitFor({ timeout: TRAIN_MS })
    await seen('It has succeeded', TRAIN_MS)
    await seen('step 50 of 50')
    await heading('Kappa').waitFor()
    await seen('Training starts.')
    await page.getByRole('region', { name: 'Checkpoints' }).getByText('complete').first().waitFor()
    const loss = page.getByRole('slider', { name: /^Step in Loss/ })
    // The end of the run asks for the metrics once more; until they are here the curve ends a few steps early.
    await page.locator('[role=slider][aria-valuemax="50"]').first().waitFor()
    await loss.focus()
    await page.keyboard.press('ArrowLeft')
    assert.equal(await loss.getAttribute('aria-valuenow'), '49')
  })

  it('shows the model with its kappa and files, and tries it on an image', async () => {
    await page.getByRole('link', { name: 'Open model' }).click()
    await button('Download').first().waitFor({ timeout: TRAIN_MS })
    await page.getByRole('img', { name: /^Kappa of the teacher's prototypes: median/ }).waitFor()
    await page.getByRole('img', { name: /^Kappa, fitted: median/ }).waitFor()
    await seen(/^\d+ of \d+$/)
    const gray = Uint8Array.from({ length: SIZE * SIZE }, (_, i) => (i * 7) % 256)
    const png = {
      name: 'image.png',
      mimeType: 'image/png',
      buffer: Buffer.from(encodePng({ width: SIZE, height: SIZE, channels: 1, bytes: gray }))
    }
    await page.getByLabel('Image', { exact: true }).setInputFiles(png)
    await seen(/norm 1\.0000/)
    const rows = page.getByRole('region', { name: 'Likeliest prototypes' }).locator('tbody tr')
    assert.equal(await rows.count(), 5)
    const [download] = await Promise.all([page.waitForEvent('download'), button('Download').first().click()])
    assert.equal(await download.failure(), null)
  })

  it('explains prototypes by the images that they win, and an image by its prototypes', async () => {
    const model = page.url().split('/').at(-1) ?? ''
    const { json: datasets } = await platform.call('GET', '/v1/datasets')
    const path = `/v1/datasets/${datasets.data[0].id}/versions`
    const { json: whole } = await platform.call('GET', `${path}/1`)
    const select = { every: 50, offset: 0, invert: false }
    await platform.call('POST', path, { json: { source: { ...whole.source, select } } })
    await platform.waitFor(`${path}/2`, ({ status }) => status === 'ready')
    const asked = { model, dataset: `${datasets.data[0].id}@2`, protocols: ['clustering'] }
    const evaluation = await platform.call('POST', '/v1/evaluations', { json: asked })
    await platform.waitFor(`/v1/evaluations/${evaluation.json.id}`, ({ status }) => status === 'succeeded')
    await page.getByRole('link', { name: 'See their images' }).click()
    await page.locator('.exemplars img').first().waitFor()
    await page
      .getByRole('list', { name: /^Labels of prototype \d+$/ })
      .first()
      .waitFor()
    await page.getByRole('link', { name: 'Try an image' }).click()
    const gray = Uint8Array.from({ length: SIZE * SIZE }, (_, i) => (i * 7) % 256)
    const pixels = { width: SIZE, height: SIZE, channels: 1, bytes: gray } as const
    const png = { name: 'image.png', mimeType: 'image/png', buffer: Buffer.from(encodePng(pixels)) }
    await page.getByLabel('Image', { exact: true }).setInputFiles(png)
    const likeliest = page.getByRole('list', { name: 'Likeliest prototypes' })
    await likeliest.getByRole('heading').nth(4).waitFor()
    await page.getByRole('img', { name: /^Patches of the image that are like prototype \d+$/ }).waitFor()
    await page.getByRole('img', { name: /^Patches that the class token looks at .* the mean of all heads$/ }).waitFor()
    await field('Head').selectOption('0')
    await page.getByRole('img', { name: /^Patches that the class token looks at .* head 0$/ }).waitFor()
    await open(`#/models/${model}`)
  })

  it('embeds a dataset, finds what is like an image of it, and selects on its map', async () => {
    const model = page.url().split('/').at(-1) ?? ''
    const { json: datasets } = await platform.call('GET', '/v1/datasets')
    await open(`#/vector-sets/new?model=${model}`)
    await field('Dataset').selectOption(`${datasets.data[0].id}@2`)
    await field('Name').fill('two hundred')
    await button('Embed the dataset').click()
    await field('Image number').fill('3', { timeout: TRAIN_MS })
    await button('Search').click()
    const nearest = page.getByRole('list', { name: 'Nearest images' })
    await nearest.locator('img').first().waitFor()
    assert.equal(await nearest.getByRole('button', { name: /^Image \d+, cosine [01]\.\d{3}/ }).count(), 24)
    await page.getByRole('link', { name: 'See the map' }).click()
    await page.getByText('Variance shown').waitFor()
    await page.locator('canvas').waitFor()
    await button('Select what is in view').click()
    await heading('200 selected').waitFor()
    await button('Make a version of them').click()
    await heading('Version 3').waitFor()
    await page.getByText(/^chosen images of/).waitFor({ timeout: TRAIN_MS })
    await page.goBack()
    await page.locator('canvas').waitFor()
    await page.getByRole('application', { name: /^Map of 200 images/ }).focus()
    for (const key of ['+', '+', '+', 'ArrowLeft', 'ArrowUp']) await page.keyboard.press(key)
    await button('Select what is in view').click()
    const chosen = page.getByRole('heading', { name: /^\d+ selected$/ })
    const [count] = ((await chosen.textContent()) ?? '').split(' ')
    assert.ok(Number(count) < 200, `${count} of 200 are in view after three steps nearer`)
    await page.setViewportSize({ width: 400, height: 800 })
    for (const hash of [
      page.url().split('/').slice(3).join('/'),
      '#/vector-sets',
      '#/vector-sets/new',
      `#/playground?model=${model}`
    ]) {
      await open(hash)
      await page.getByRole('heading', { level: 1 }).waitFor()
      await page.locator('.skeleton').first().waitFor({ state: 'detached' })
      assert.equal(await page.evaluate('document.documentElement.scrollWidth - innerWidth'), 0, hash)
      assert.deepEqual(await seriousFindings(page), [], hash)
    }
    await page.setViewportSize({ width: 1400, height: 900 })
    await open('#/playground')
    await page.waitForURL(`**/#/playground?model=${model}`)
    await page.getByLabel('Image', { exact: true }).setInputFiles(resolve(EXAMPLES, '../../docs/images/boot.png'))
    await nearest
      .getByRole('button', { name: /^Image \d+, cosine/ })
      .first()
      .waitFor()
    await open(`#/models/${model}`)
  })

  it('says of an image that is none what the API says', async () => {
    const text = { name: 'notes.png', mimeType: 'image/png', buffer: Buffer.from('not an image at all') }
    await page.getByLabel('Image', { exact: true }).setInputFiles(text)
    const alert = page.getByRole('alert')
    await alert.getByText('image_invalid').waitFor()
    assert.match((await alert.textContent()) ?? '', /request \S+/)
  })

  it('creates a key that works, shows it once, and revokes it', async () => {
    await open('#/keys')
    await field('Name').fill('reader')
    await field('runs:read').check()
    await button('Create key').click()
    const key = (await page.getByRole('alert').locator('code').textContent()) ?? ''
    assert.equal((await platform.call('GET', '/v1/runs', { key })).status, 200)
    await button('I have it').click()
    assert.ok(!(await page.content()).includes(key))
    await page
      .getByRole('row', { name: /^reader/ })
      .getByRole('button', { name: 'Revoke' })
      .click()
    await button('Revoke the key').click()
    await page
      .getByRole('row', { name: /^reader/ })
      .getByText('revoked')
      .waitFor()
    assert.equal((await platform.call('GET', '/v1/runs', { key })).status, 401)
  })

  it('asks before it cancels a run, and shows that it is cancelled', async () => {
    await open('#/runs')
    await page.getByRole('link', { name: 'first' }).click()
    await page.getByRole('link', { name: 'Run again' }).click()
    await field('Epochs').fill('1000')
    await seen('50,000')
    await button('Start run').click()
    await heading('first again').waitFor()
    await button('Cancel').click()
    await button('Cancel the run').click()
    await seen(/It was cancelled/, 60_000)
    await exactly(button('Cancel'), 0)
  })

  it('compares the trials of a sweep, draws their curves, and asks before it cancels them', async () => {
    const { json: runs } = await platform.call('GET', '/v1/runs?status=succeeded')
    const [done] = runs.data as { dataset: string }[]
    const run = { dataset: done!.dataset, preset: 'mu', hyperparameters: { epochs: 1000 } }
    const grid = { 'hyperparameters.learning_rate': [0.0005, 0.001] }
    const objective = { metric: 'kl', direction: 'minimize' }
    const sweep = await platform.call('POST', '/v1/sweeps', { json: { name: 'rates', run, grid, objective } })
    assert.equal(sweep.status, 202, sweep.text)
    await open('#/sweeps')
    await page.getByLabel('Name').fill('nothing has this')
    await button('Search').click()
    await seen('No sweep has that in its name.')
    await page.getByLabel('Name').fill('RAT')
    await button('Search').click()
    await page.getByRole('link', { name: 'rates' }).click()
    await seen('2 trials have not ended')
    await page.getByRole('row', { name: /#2 .*0\.001/ }).waitFor()
    await page.getByRole('img', { name: /^kl\. Last values: #\d/ }).waitFor({ timeout: 120_000 })
    await button('Cancel').click()
    await button('Cancel the trials').click()
    await seen(/^2 cancelled/, 60_000)
    await exactly(button('Cancel'), 0)
    await page.getByRole('link', { name: '#1', exact: true }).click()
    await heading('rates #1').waitFor()
    await seen('trial 1 of')
  })

  it('shows any page again after a reload, where it was', async () => {
    const { json: runs } = await platform.call('GET', '/v1/runs')
    const { json: models } = await platform.call('GET', '/v1/models')
    const { json: sweeps } = await platform.call('GET', '/v1/sweeps')
    const all = runs.data as { id: string; name: string | null; dataset: string }[]
    const run = all.find(({ name }) => name === 'first again')
    const dataset = run!.dataset.split('@')[0]
    const titles = [
      ['#/runs?status=succeeded', 'Runs'],
      [`#/runs/${run!.id}`, 'first again'],
      [`#/runs/new?from=${run!.id}`, 'New run'],
      [`#/datasets/${dataset}`, 'fashion'],
      [`#/models/${models.data[0].id}`, 'first'],
      ['#/sweeps', 'Sweeps'],
      [`#/sweeps/${sweeps.data[0].id}`, 'rates'],
      ['#/keys', 'Keys']
    ] as const
    for (const [hash, title] of titles) {
      await open(hash)
      await page.reload()
      await page.getByRole('heading', { level: 1, name: title, exact: true }).waitFor()
      assert.ok(page.url().endsWith(hash), page.url())
    }
  })

  describeLater(() => dashboard)

  it('has thrown nothing and broken no rule of its content security policy', () => {
    assert.deepEqual(dashboard.complaints, [])
  })
})
