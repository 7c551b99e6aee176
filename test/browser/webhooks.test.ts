/** What a whole platform tells an endpoint, in the browser and out of it. */
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { existsSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { chromium } from 'playwright-core'
import { type Platform, startPlatform } from '../helpers/platform.ts'

const CHROMIUM = process.env['KAPPA_CHROMIUM'] ?? '/usr/bin/chromium'

interface Received {
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

describe('webhooks of a whole platform', () => {
  let platform: Platform
  let url: string
  const received: Received[] = []
  /** Of the answers to come; then 204. */
  const statuses: number[] = []
  const hooks: (() => Promise<void>)[] = []
  const receiver = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    received.push({ headers: request.headers, body })
    response.writeHead(statuses.shift() ?? 204).end()
  })

  before(async () => {
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/kappa`
    platform = await startPlatform({ after: (hook) => void hooks.push(hook) }, { KAPPA_WEBHOOK_NETWORKS: '127.0.0.1' })
  })
  after(async () => {
    for (const hook of hooks) await hook()
    receiver.close()
  })

  /** A version whose prefix is empty fails as soon as a worker has looked. */
  async function aFailingVersion(): Promise<string> {
    const { json: dataset } = await platform.call('POST', '/v1/datasets', { json: { name: 'none' } })
    const source = { type: 's3', prefix: 'nothing/' }
    const asked = await platform.call('POST', `/v1/datasets/${dataset.id}/versions`, { json: { source } })
    assert.equal(asked.status, 202, asked.text)
    return dataset.id
  }

  it('brings what a worker did to the endpoint, signed, at the second try where the first failed', async () => {
    const json = { url, events: ['version.failed'] }
    const { json: webhook } = await platform.call('POST', '/v1/webhooks', { json })
    statuses.push(503)
    const dataset = await aFailingVersion()
    const isSent = ({ data: [delivery] }: { data: { status: string }[] }) => delivery?.status === 'succeeded'
    const { data } = await platform.waitFor(`/v1/webhooks/${webhook.id}/deliveries`, isSent, 60)
    assert.deepEqual([data[0].tries, data[0].subject], [2, `${dataset}@1`])
    const [first, second] = received
    assert.ok(first && second)
    assert.equal(second.body, first.body)
    const { headers, body } = second
    assert.equal(headers['webhook-id'], data[0].id)
    const key = Buffer.from(webhook.secret.replace('whsec_', ''), 'base64')
    const content = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
    assert.equal(headers['webhook-signature'], `v1,${createHmac('sha256', key).update(content).digest('base64')}`)
    assert.deepEqual([JSON.parse(body).type, JSON.parse(body).data.dataset_id], ['version.failed', dataset])
  })

  it('is made, tried, disabled and removed in the dashboard, which shows its deliveries', {
    skip: existsSync(CHROMIUM) ? false : `there is no Chromium at ${CHROMIUM}`
  }, async () => {
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ['--no-sandbox', '--disable-dev-shm-usage']
    })
    hooks.unshift(() => browser.close())
    const page = await browser.newPage({ viewport: { width: 1400, height: 900 } })
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    const button = (name: string) => page.getByRole('button', { name, exact: true })
    const seen = (text: string | RegExp) => page.getByText(text).first().waitFor({ timeout: 15_000 })
    await page.goto(`${platform.url}/#key=${platform.adminKey}`)
    await page.getByRole('link', { name: 'Webhooks' }).click()
    await page.getByLabel('URL', { exact: true }).fill(`${url}?browser`)
    await page.getByLabel('version.failed', { exact: true }).check()
    await button('Create webhook').click()
    const secret = (await page.getByRole('alert').locator('code').textContent()) ?? ''
    assert.match(secret, /^whsec_/)
    await button('I have it').click()
    await page.getByRole('link', { name: `${url}?browser` }).click()
    statuses.push(418)
    await button('Send a test event').click()
    await seen(/The endpoint answered 418/)
    await button('Send a test event').click()
    await seen(/The endpoint answered 204/)
    const dataset = await aFailingVersion()
    // By the name of its dataset; the id is on hover.
    await page.getByTitle(`${dataset}@1`).first().waitFor({ timeout: 15_000 })
    await page.getByRole('row', { name: /succeeded/ }).waitFor({ timeout: 15_000 })
    await button('Send again').click()
    await button('Disable').click()
    await seen('by its owner')
    await page.setViewportSize({ width: 400, height: 800 })
    for (const hash of [page.url(), `${platform.url}/#/webhooks`]) {
      await page.goto(hash)
      await page.getByRole('heading', { level: 1 }).waitFor()
      await page.locator('.skeleton').first().waitFor({ state: 'detached' })
      assert.equal(await page.evaluate('document.documentElement.scrollWidth - innerWidth'), 0, hash)
    }
    await page.getByRole('link', { name: `${url}?browser` }).click()
    await button('Delete').click()
    await button('Delete the webhook').click()
    await page.getByRole('heading', { name: 'New webhook' }).waitFor()
    await page.getByRole('link', { name: `${url}?browser` }).waitFor({ state: 'detached' })
    assert.deepEqual(complaints, [])
  })
})
