/** What a stranger has made on the dashboard alone, they change, stop and remove there: until nothing of it is left. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { type Dashboard, exactly, handsOn, noBrowser, startDashboard } from '../helpers/dashboard.ts'
import { createExampleDataset, SMALL_RUN, trainToModel } from '../helpers/journeys.ts'
import type { Platform } from '../helpers/platform.ts'

if (noBrowser) process.stderr.write(`\nSKIPPED: undoing on the dashboard: ${noBrowser}\n`)

const WORK_MS = 120_000

describe('on the dashboard', { skip: noBrowser }, () => {
  let dashboard: Dashboard
  let platform: Platform
  let page: Page
  let dataset: string
  let run: string
  let model: string

  const { open, field, button, link, heading, seen } = handsOn(() => dashboard)
  const region = (name: string) => page.getByRole('region', { name, exact: true })
  const statusOf = async (path: string) => (await platform.call('GET', path)).status
  const newest = async (list: string) => (await platform.call('GET', `/v1/${list}?limit=1`)).json.data[0]
  const messageOf = async (label: string) => {
    const id = await field(label).getAttribute('aria-describedby')
    return page.locator(`[id="${id}"]`).textContent()
  }

  before(async () => {
    dashboard = await startDashboard()
    ;({ platform, page } = dashboard)
    const { id } = await createExampleDataset(platform, 20)
    dataset = `${id}@1`
    const recipe = { ...SMALL_RUN, hyperparameters: { epochs: 1, batch_size: 50, warmup_epochs: 0 } }
    const trained = await trainToModel(platform, { name: 'first', dataset, ...recipe })
    run = trained.run.id
    // A second checkpoint, so that the first is not the newest.
    await platform.call('POST', `/v1/runs/${run}:extend`, { json: { epochs: 2 } })
    const longer = await platform.waitFor(`/v1/runs/${run}`, ({ status }) => status === 'succeeded')
    model = longer.model
    await platform.waitFor(`/v1/models/${model}`, ({ status }) => status === 'ready')
    await open(`#key=${platform.adminKey}`)
    await heading('Runs').waitFor()
  })
  after(() => dashboard?.stop())

  it('an evaluation is asked for with the finding beside its field, renamed, given a note, and deleted', async () => {
    await open('#/evaluations/new?model=mdl_nothing')
    await field('Images that vote').selectOption(dataset)
    await field('knn').check()
    await field('Neighbours').fill('5')
    await button('Start evaluation').click()
    await seen('There is no such model.')
    assert.equal(await messageOf('Model'), 'There is no such model.')
    await field('Model').fill(model)
    await field('Neighbours').fill('0')
    await button('Start evaluation').click()
    await seen('must be >= 1')
    assert.equal(await field('Neighbours').getAttribute('aria-invalid'), 'true')
    await field('Neighbours').fill('5')
    await button('Start evaluation').click()
    await seen('top1_k5', WORK_MS)
    await button('Edit').click()
    await field('Name').fill('five neighbours')
    await button('Add a note').click()
    await field('Name of note 1').fill('why')
    await field('Text of note 1').fill('a first look')
    await button('Save').click()
    await heading('five neighbours').waitFor()
    await page.locator('dd').getByText('a first look').waitFor()
    await link('Evaluations').first().click()
    await page.getByRole('row', { name: /five neighbours.*knn top1_k5/ }).waitFor()
    await link('five neighbours').click()
    await button('Delete').click()
    await button('Delete the evaluation').click()
    await seen('No evaluation yet.')
  })

  it('an evaluation of a checkpoint is cancelled before it has ended', async () => {
    await open(`#/runs/${run}`)
    await page
      .getByRole('link', { name: /^Evaluate step/ })
      .first()
      .click()
    await field('Images that vote').selectOption(dataset)
    await field('finetune').check()
    await button('Start evaluation').click()
    await seen('needs queries that are not the bank')
    await field('finetune').uncheck()
    await field('few_shot').check()
    await field('Draws').fill('1000')
    await button('Start evaluation').click()
    await button('Cancel').click()
    await button('Cancel the evaluation').click()
    await region('State').getByText('cancelled').waitFor()
    await button('Delete').waitFor()
  })

  it('a run begins from a model, with what is wrong of its devices beside their field, and is evaluated on the way', async () => {
    await open(`#/models/${model}`)
    await link('New run from it').click()
    assert.equal(await field('Model').inputValue(), model)
    await field('Dataset').selectOption(dataset)
    await field('Preset').selectOption('mu')
    await field('Name').fill('second')
    await field('Epochs').fill('1000')
    await field('Devices').fill('0')
    await seen('Cannot be trained as written', WORK_MS)
    assert.equal(await messageOf('Devices'), 'must be >= 1')
    await field('Devices').fill('')
    await field('Device').selectOption('gpu')
    await seen(/wait/i)
    await field('Device').selectOption('any')
    await field('Evaluate this run').check()
    await field('knn').check()
    await field('Also every so many epochs').fill('1')
    await field('Also stays one every').fill('1')
    await seen('Can be trained')
    await button('Start run').click()
    await heading('second').waitFor()
    await seen('and the first after every epoch')
    await seen('of a checkpoint every epoch')
    const { init, evaluation } = await newest('runs')
    assert.deepEqual([init.source, init.id, evaluation.every_epochs], ['model', model, 1])
    await button('Cancel').click()
    await button('Cancel the run').click()
    await seen('It was cancelled', WORK_MS)
    await button('Delete').click()
    await button('Delete the run').click()
    await heading('Runs').waitFor()
  })

  it('a sweep is written with its trials before the eyes, and goes when they have ended', async () => {
    await open('#/sweeps')
    await link('New sweep').click()
    await field('Name of the sweep').fill('rates')
    await field('Dataset').selectOption(dataset)
    await field('Preset').selectOption('mu')
    await field('Epochs').fill('1000')
    await field('Values of field 1').fill('0.001, fast')
    await seen('Cannot be trained as written')
    assert.match((await messageOf('Values of field 1')) ?? '', /must be number, in trial 2/)
    await field('Values of field 1').fill('0.001, 0.002')
    await button('Add a field').click()
    await field('Field 2').fill('seed')
    await field('Values of field 2').fill('0, 1')
    await seen('4 trials can be trained')
    await field('Trials are').selectOption('random')
    await field('Field 1 is').selectOption('range')
    await field('Least of field 1').fill('0.01')
    await field('Most of field 1').fill('0.001')
    await seen('must be more than min')
    await field('Least of field 1').fill('0.0001')
    await field('How many trials').fill('2')
    await seen('2 trials can be trained')
    await button('Start sweep').click()
    await heading('rates').waitFor()
    assert.equal(await button('Delete').count(), 0)
    await button('Cancel').click()
    await button('Cancel the trials').click()
    await seen(/^2 cancelled/, WORK_MS)
    const { id } = await newest('sweeps')
    await button('Delete').click()
    await button('Delete the sweep').click()
    await seen('No sweep yet.')
    assert.equal(await statusOf(`/v1/sweeps/${id}`), 404)
  })

  it('a checkpoint is gone on from and deleted where it is listed, and none of its table is cut at 1280 pixels', async () => {
    await page.setViewportSize({ width: 1280, height: 900 })
    await open(`#/runs/${run}`)
    const table = region('Checkpoints').last()
    await table.getByText('complete').first().waitFor()
    const script = "[...document.querySelectorAll('section.table')].map((one) => one.scrollWidth - one.clientWidth)"
    assert.deepEqual(await page.evaluate(script), [0])
    const forks = page.getByRole('button', { name: /^Fork from step/ })
    const steps = await forks.count()
    assert.equal(steps, 2)
    await forks.last().click()
    const fork = page.getByRole('dialog', { name: 'Fork this run' }).and(page.locator('[open]'))
    assert.match(await fork.getByLabel('Checkpoint').inputValue(), /^ckpt_/)
    await fork.getByRole('button', { name: 'Dismiss' }).click()
    await page
      .getByRole('button', { name: /^Delete the checkpoint of step/ })
      .last()
      .click()
    await button('Delete the checkpoint').click()
    await exactly(forks, steps - 1)
  })

  it('an alias is removed on the page of the version that it means, and the model can go then', async () => {
    await open(`#/models/${model}`)
    await field('Alias for this version').fill('prod')
    await button('Set alias').click()
    await button('Remove first@prod').click()
    await button('Remove the alias').click()
    await seen('Nothing but its version')
    await button('Delete').click()
    await button('Delete the model').click()
    await heading('Models').waitFor()
    assert.equal(await statusOf(`/v1/models/${model}`), 404)
  })

  it('workers, projects and who changed what are seen, and who may not see them is told so', async () => {
    await link('Workers').click()
    await page.getByRole('row', { name: /working.*1 × cpu/ }).waitFor()
    await link('Projects').click()
    await page.getByRole('row', { name: /default.*no limit/ }).waitFor()
    await link('default').click()
    await button('Change quotas').click()
    await field('Queued runs').fill('few')
    await button('Save').and(page.locator('dialog[open] *')).click()
    await page.getByRole('dialog').getByRole('alert').waitFor()
    await field('Queued runs').fill('4')
    await button('Save').and(page.locator('dialog[open] *')).click()
    await seen('0 of 4')
    await button('Change which checkpoints stay').click()
    await field('The best stay').selectOption('minimize')
    await field('Best by').fill('loss')
    await button('Save').and(page.locator('dialog[open] *')).click()
    await seen('and the one with the lowest loss')
    await link('Audit log').click()
    await field('Action').fill('deleteSweep')
    await button('Show').click()
    await link('Show all changes').waitFor()
    // By the name of the key, and of what is gone no link.
    await page.getByRole('row', { name: /deleteSweep .*removed admin/ }).waitFor()
    await exactly(page.getByRole('row'), 2)
    const json = { name: 'reader', scopes: ['runs:read'] }
    const { key } = (await platform.call('POST', '/v1/keys', { json })).json
    await open(`#key=${key}`)
    await heading('Runs').waitFor()
    await link('Workers').click()
    await page.getByRole('alert').getByText('forbidden').waitFor()
    await open(`#key=${platform.adminKey}`)
    await heading('Runs').waitFor()
  })

  it('a project is made, renamed, and given its first key, which is shown once and works', async () => {
    await open('#/projects')
    await button('New project').click()
    const dialog = page.getByRole('dialog', { name: 'New project' })
    await dialog.getByLabel('Name').fill('vision')
    await dialog.getByLabel('Storage').fill('0.5')
    await dialog.getByRole('button', { name: 'Create project' }).click()
    await heading('vision').waitFor()
    await seen('0 B of 500 MB')
    await button('Rename').click()
    await field('Name').first().fill('vision team')
    await button('Save').first().click()
    await heading('vision team').waitFor()
    await page.getByText('New key of this project').click()
    await field('Name').last().fill('first')
    await field('admin').check()
    await button('Create key').click()
    const key = (await page.getByRole('alert').locator('code').textContent()) ?? ''
    await button('I have it').click()
    const own = await platform.call('GET', '/v1/projects', { key })
    assert.deepEqual(
      own.json.data.map(({ name }: { name: string }) => name),
      ['vision team']
    )
  })

  it('a webhook is given other events, and disabled without a word lost of what went wrong', async () => {
    const json = { url: 'https://hooks.invalid/kappa', events: ['run.state'] }
    const { id } = (await platform.call('POST', '/v1/webhooks', { json })).json
    await open(`#/webhooks/${id}`)
    await button('Edit').click()
    await field('run.alarm').check()
    await button('Save').click()
    await seen('run.state, run.alarm')
    await button('Disable').click()
    await seen('by its owner')
    await button('Delete').click()
    await button('Delete the webhook').click()
    await seen(/^No webhook yet/)
  })

  it('a version of a dataset is deleted, and then the dataset', async () => {
    const [id] = dataset.split('@')
    await open(`#/datasets/${id}`)
    await button('Edit').click()
    await field('Name').fill('to be forgotten')
    await button('Save').click()
    await heading('to be forgotten').waitFor()
    await button('Delete version 1').click()
    await button('Delete the version').click()
    await seen('No version yet')
    await button('Delete').click()
    await button('Delete the dataset').click()
    await heading('Datasets').waitFor()
    assert.equal(await statusOf(`/v1/datasets/${id}`), 404)
  })

  it('every new page fits a phone', async () => {
    await page.setViewportSize({ width: 390, height: 800 })
    const pages = ['#/evaluations', '#/evaluations/new', '#/sweeps/new', '#/workers', '#/projects', '#/audit']
    for (const hash of pages) {
      await open(hash)
      await page.getByRole('heading', { level: 1 }).waitFor()
      await page.locator('.skeleton').first().waitFor({ state: 'detached' })
      assert.equal(await page.evaluate('document.documentElement.scrollWidth - innerWidth'), 0, hash)
    }
  })

  it('nothing was thrown, and no rule of the content security policy broken', () => {
    assert.deepEqual(dashboard.complaints, [])
  })
})
