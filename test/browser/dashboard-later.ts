/** What the dashboard is asked of a project that has trained: tests of dashboard.test.ts, on its platform and after its first. */
import assert from 'node:assert/strict'
import { before, it } from 'node:test'
import type { Page } from 'playwright-core'
import { dataOf } from '../../src/client/client.ts'
import { type Dashboard, exactly, handsOn, noBrowser, seriousFindings } from '../helpers/dashboard.ts'
import type { Platform } from '../helpers/platform.ts'

if (noBrowser) process.stderr.write(`\nSKIPPED: dashboard in a browser: ${noBrowser}\n`)

const TRAIN_MS = 240_000

export function describeLater(dashboard: () => Dashboard): void {
  const { open, field, button, heading, seen } = handsOn(dashboard)
  let platform: Platform
  let page: Page
  before(() => {
    ;({ platform, page } = dashboard())
  })

  it('names a model by an alias, and moves it to a newer version', async () => {
    const { json: models } = await platform.call('GET', '/v1/models?versions_of=first')
    const { id, checkpoint } = models.data[0]
    await open(`#/models/${id}`)
    await field('Alias for this version').fill('prod')
    await button('Set alias').click()
    const aliases = page.getByRole('region', { name: 'Aliases' })
    await aliases.getByText('first@prod', { exact: true }).waitFor()
    await aliases.getByRole('cell', { name: 'this version' }).waitFor()
    const newer = await dataOf(platform.client.POST('/v1/models', { body: { checkpoint, name: 'first' } }))
    await open(`#/models/${newer.id}`)
    await aliases.getByRole('button', { name: 'Move here' }).click({ timeout: TRAIN_MS })
    await aliases.getByRole('cell', { name: 'this version' }).waitFor()
    assert.equal((await platform.call('GET', '/v1/models/first@prod')).json.id, newer.id)
  })

  it('says which prototype is which in two versions, and counts served images when it is told to', async () => {
    const { json: models } = await platform.call('GET', '/v1/models?versions_of=first')
    const { id } = models.data.find(({ version }: { version: number }) => version === 2)
    const { json: sets } = await platform.call('GET', '/v1/vector-sets')
    const [{ dataset }] = sets.data
    await open(`#/matching/${id}`)
    await page.getByRole('link', { name: 'Embed a dataset by this model' }).waitFor()
    const body = { model: id, dataset, name: 'again', search: true }
    const made = await dataOf(platform.client.POST('/v1/vector-sets', { body }))
    await platform.waitFor(`/v1/vector-sets/${made.id}`, ({ status }) => status === 'succeeded')
    await page.reload()
    // Both are of one checkpoint.
    await seen('100.0 % of the images')
    await page.locator('.pairs img').first().waitFor()
    await page
      .getByRole('link', { name: /^Prototype \d+ of first@2$/ })
      .first()
      .click()
    await page.getByRole('heading', { level: 1, name: /^Prototype \d+$/ }).waitFor()
    await page
      .getByRole('list', { name: /^Images of prototype/ })
      .locator('img')
      .first()
      .waitFor()

    await open(`#/models/${id}`)
    await button('Switch on').click()
    const form = page.getByRole('dialog', { name: 'Count served images' })
    await form.getByLabel('Images of a window').fill('10')
    await form.getByRole('button', { name: 'Count them' }).click()
    await form.locator('[aria-invalid=true]').waitFor()
    await form.getByLabel('Images of a window').fill('500')
    await form.getByRole('button', { name: 'Count them' }).click()
    await seen('No image was assigned since it is counted.')
    assert.equal((await platform.call('GET', `/v1/models/${id}/drift`)).json.window_images, 500)
    await button('Switch off').click()
    await button('Stop counting').click()
    await seen('Nothing is counted.')
  })

  it('curates a dataset by a vector set: outliers, near-duplicates, labels, and a version of what is chosen', async () => {
    await open('#/vector-sets')
    await page.getByRole('link', { name: 'again' }).click()
    await page.getByRole('link', { name: 'Curate' }).click()
    await page.getByRole('list', { name: 'Outliers' }).locator('img').first().waitFor()
    await button('Look for them').click()
    await button('Make a version without them')
      .or(page.getByText(/^No pair has a cosine/))
      .first()
      .waitFor()
    await button('Ask them').click()
    await page.getByRole('list', { name: 'Right by confidence' }).waitFor()
    await seen('Every image has a label.')
    await field('How many').fill('many')
    await button('Make the version').click()
    await field('How many').and(page.locator('[aria-invalid=true]')).waitFor()
    await field('How many').fill('20')
    await button('Make the version').click()
    await heading('Version 4').waitFor()
    await page
      .getByText(/^balanced images of/)
      .first()
      .waitFor()
  })

  it('trains a run longer, and forks it with another learning rate', async () => {
    await open('#/runs')
    await page.getByRole('link', { name: 'first', exact: true }).click()
    await button('Train longer').click()
    const longer = page.getByRole('dialog', { name: /more epochs/ })
    await longer.getByLabel('Epochs in all').fill('2')
    await longer.getByRole('button', { name: 'Train longer' }).click()
    await seen('step 100 of 100', TRAIN_MS)
    await seen('1 to 2 epochs at step 50')
    await button('Fork').click()
    const fork = page.getByRole('dialog', { name: 'Fork this run' })
    await fork.getByLabel('Learning rate').fill('many')
    await fork.getByRole('button', { name: 'Start the fork' }).click()
    await fork.getByRole('alert').waitFor()
    await fork.getByLabel('Learning rate').fill('0.0001')
    await fork.getByLabel('Epochs in all').fill('3')
    await fork.getByRole('button', { name: 'Start the fork' }).click()
    await heading('first, forked').waitFor()
    await seen('with another epochs, learning_rate')
    await seen('step 150 of 150', TRAIN_MS)
  })

  it('finds runs by a part of their name, and compares two: curves, what differs, what they were measured to be', async () => {
    await open('#/runs')
    await field('Name').fill('FORK')
    await button('Search').click()
    await page.getByRole('row', { name: /first again/ }).waitFor({ state: 'detached' })
    await page.getByRole('row', { name: /first, forked/ }).waitFor()
    await exactly(page.getByRole('row'), 2)
    await field('Compare first, forked').check()
    await page.getByRole('link', { name: 'All runs' }).click()
    await field('Compare first').check()
    await page.getByRole('link', { name: 'Compare 2 runs' }).click()
    await page.getByRole('row', { name: /learning rate.*0\.0001/ }).waitFor()
    await page.getByRole('img', { name: /^loss\. Last values: .*first, forked \d/ }).waitFor()
    await field('By').selectOption('minutes')
    await page.getByRole('slider', { name: /^By minutes in loss/ }).waitFor()
    await seen('None of their models was evaluated.')
  })

  it('makes a model of an earlier checkpoint, and shows all versions of its name with their aliases', async () => {
    await open('#/runs')
    await page.getByRole('link', { name: 'first', exact: true }).click()
    await button('Make a model of step 50').click()
    await page
      .getByRole('dialog', { name: 'Make a model of step 50' })
      .getByRole('button', { name: 'Make the model' })
      .click()
    await heading('first').waitFor()
    await page.getByRole('link', { name: 'All versions of first' }).click({ timeout: TRAIN_MS })
    const versions = page.getByRole('region', { name: 'Versions of first' })
    await versions.getByRole('row').nth(3).waitFor()
    await field('Move prod to').selectOption({ label: 'version 1' })
    await page.getByRole('row', { name: /first@prod version 1/ }).waitFor()
    await button('Remove first@prod').click()
    await button('Remove the alias').click()
    await seen('No alias: requests name a version.')
  })

  it('keeps what it has read while the API is away, says so, and goes on by itself', async () => {
    await open('#/runs')
    const row = page.getByRole('row', { name: /first again/ })
    await row.waitFor()
    await page.route('**/v1/**', (route) => route.abort('connectionrefused'))
    const away = page.getByRole('alert').getByText('The API cannot be reached.')
    // Looking at the tab again asks again, once what was read is two seconds old.
    for (let look = 0; look < 60 && (await away.count()) === 0; look++) {
      await page.evaluate("dispatchEvent(new Event('visibilitychange'))")
      await away.waitFor({ timeout: 500 }).catch(() => undefined)
    }
    assert.equal(await away.count(), 1)
    assert.equal(await row.count(), 1)
    await page.unroute('**/v1/**')
    await button('Try again').click()
    await page.getByRole('alert').waitFor({ state: 'detached' })
    assert.equal(await row.count(), 1)
  })

  it('shows a page that was seen before at once, while it is read again', async () => {
    await open('#/runs')
    await page.getByRole('row', { name: /first again/ }).waitFor()
    await page.getByRole('link', { name: 'Models', exact: true }).click()
    await heading('Models').waitFor()
    // The next reading never ends: what is seen can only be what was kept.
    await page.route('**/v1/runs?**', () => {})
    await page.getByRole('link', { name: 'Runs', exact: true }).click()
    await page.getByRole('row', { name: /first again/ }).waitFor()
    await page.unroute('**/v1/runs?**')
  })

  it('fits a phone and a screen reader: no page is wider than 360 pixels, and axe finds nothing serious', async () => {
    const { json: runs } = await platform.call('GET', '/v1/runs')
    const [run] = runs.data as { id: string; dataset: string }[]
    const { json: models } = await platform.call('GET', '/v1/models')
    const { json: sweeps } = await platform.call('GET', '/v1/sweeps')
    const { json: sets } = await platform.call('GET', '/v1/vector-sets')
    const { json: projects } = await platform.call('GET', '/v1/projects')
    await page.setViewportSize({ width: 360, height: 740 })
    const pages = [
      '#/runs',
      `#/runs/${run!.id}`,
      '#/runs/new',
      '#/sweeps',
      `#/sweeps/${sweeps.data[0].id}`,
      '#/datasets',
      `#/datasets/${run!.dataset.split('@')[0]}`,
      `#/runs/compare?runs=${runs.data.map(({ id }: { id: string }) => id).join(',')}`,
      '#/models?versions_of=first',
      `#/matching/${sets.data[0].model}`,
      `#/explorer/${sets.data[0].model}?prototype=0`,
      `#/curation/${sets.data[0].id}`
    ]
    const installation = [
      '#/keys',
      '#/workers',
      '#/projects',
      `#/projects/${projects.data[0].id}`,
      '#/audit',
      '#/webhooks'
    ]
    const forms = ['#/datasets/new', '#/sweeps/new', '#/evaluations/new', '#/nowhere']
    const lists = ['#/models', `#/models/${models.data[0].id}`, `#/images/${run!.dataset}`, '#/evaluations']
    for (const hash of [...pages, ...lists, ...forms, ...installation]) {
      await open(hash)
      await page.waitForLoadState('load')
      await page.getByRole('heading', { level: 1 }).waitFor()
      await page.locator('.skeleton').first().waitFor({ state: 'detached' })
      const tooWide = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
      assert.equal(tooWide, 0, hash)
      assert.deepEqual(await seriousFindings(page), [], hash)
    }
  })

  it('folds its pages into a menu on a phone', async () => {
    await open('#/runs')
    const menu = button('Menu')
    const models = page.getByRole('link', { name: 'Models', exact: true })
    await exactly(models, 0)
    await menu.click()
    await models.click()
    await heading('Models').waitFor()
    assert.equal(await menu.getAttribute('aria-expanded'), 'false')
  })

  it('documents the API without a foreign name, for a screen reader too', async () => {
    await page.goto(`${platform.url}/docs`)
    await page.locator('.opblock').first().waitFor()
    assert.equal(await page.locator('.topbar').count(), 0)
    assert.deepEqual(await seriousFindings(page), [])
    await open('#/runs')
  })

  it('asks before it deletes a run, says why it cannot, and leaves its model, which is deleted by itself', async () => {
    await page.setViewportSize({ width: 1400, height: 900 })
    await open('#/runs')
    await page.getByRole('link', { name: 'first', exact: true }).click()
    const keep = page.getByLabel('Keep the checkpoint of step 50', { exact: true })
    await keep.click()
    await keep.and(page.locator(':checked:enabled')).waitFor()
    await button('Delete').click()
    await button('Delete the run').click()
    await page.getByRole('dialog').getByText('checkpoints that are kept').waitFor()
    await button('Keep it').click()
    await keep.click()
    await keep.and(page.locator(':enabled:not(:checked)')).waitFor()
    await button('Delete').click()
    await button('Delete the run').click()
    await heading('Runs').waitFor()
    await page.getByRole('row', { name: /first again/ }).waitFor()
    await page.getByRole('link', { name: 'first', exact: true }).waitFor({ state: 'detached' })
    // One that no alias means: those are not deleted.
    const { json } = await platform.call('GET', '/v1/models?versions_of=first')
    const { id } = json.data.find(({ aliases }: { aliases: readonly string[] }) => aliases.length === 0)
    await open(`#/models/${id}`)
    await button('Delete').click()
    await button('Delete the model').click()
    await heading('Models').waitFor()
    assert.equal((await platform.call('GET', `/v1/models/${id}`)).status, 404)
  })

  it('leads back to the form when its key is revoked, and forgets what was read with it', async () => {
    const body = { name: 'short-lived', scopes: ['admin' as const] }
    const { id, key } = await dataOf(platform.client.POST('/v1/keys', { body }))
    await open(`#key=${key}`)
    await page.getByRole('row', { name: /first again/ }).waitFor()
    await dataOf(platform.client.DELETE('/v1/keys/{id}', { params: { path: { id } } }))
    await page.getByRole('link', { name: 'Datasets', exact: true }).click()
    await field('API key').waitFor()
    await seen('A valid API key, or a token')
    await page.reload()
    await field('API key').waitFor()
    assert.ok(!(await page.content()).includes('first again'))
  })
}
