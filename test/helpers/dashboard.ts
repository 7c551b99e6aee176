/** The dashboard in a real browser, on a platform of its own. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { type Browser, chromium, type Locator, type Page } from 'playwright-core'
import { type Platform, startPlatform } from './platform.ts'

const CHROMIUM = process.env['KAPPA_CHROMIUM'] ?? '/usr/bin/chromium'

/** Why no browser test can run here, or false. */
export const noBrowser: string | false = existsSync(CHROMIUM)
  ? false
  : `there is no Chromium at ${CHROMIUM}; install one or name it in KAPPA_CHROMIUM`

export interface Dashboard {
  readonly platform: Platform
  readonly page: Page
  /** Exceptions and refusals of the content security policy; a 4xx that a test provokes is none. */
  readonly complaints: readonly string[]
  readonly stop: () => Promise<void>
}

export async function startDashboard(): Promise<Dashboard> {
  const hooks: (() => Promise<void>)[] = []
  const platform = await startPlatform({ after: (hook) => void hooks.push(hook) })
  const browser: Browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-dev-shm-usage']
  })
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 } })
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (/Content Security Policy|Warning:/.test(message.text())) complaints.push(message.text())
  })
  const stop = async () => {
    await browser.close()
    for (const hook of hooks) await hook()
  }
  return { platform, page, complaints, stop }
}

/** What is on a page, by the names that people and screen readers have for it. */
export const partsOf = (page: Page) => ({
  // A part of the page before may have the label as its name until the next is drawn: nothing but what can be filled in is meant.
  field: (label: string) => page.getByLabel(label, { exact: true }).and(page.locator('input, select, textarea')),
  button: (name: string) => page.getByRole('button', { name, exact: true }),
  link: (name: string) => page.getByRole('link', { name, exact: true }),
  heading: (name: string) => page.getByRole('heading', { name, exact: true }),
  seen: (text: string | RegExp, timeout = 10_000) => page.getByText(text).first().waitFor({ timeout })
})

/** The same of a page that is not there yet, and ways to what the API knows. */
export const handsOn = (dashboard: () => Dashboard) => {
  const parts = () => partsOf(dashboard().page)
  return {
    open: async (hash: string) => {
      await dashboard().page.goto(`${dashboard().platform.url}/${hash}`)
    },
    field: (label: string) => parts().field(label),
    button: (name: string) => parts().button(name),
    link: (name: string) => parts().link(name),
    heading: (name: string) => parts().heading(name),
    seen: (text: string | RegExp, timeout?: number) => parts().seen(text, timeout)
  }
}

/** A list has this many when it has settled: what was listed before may be on the page a moment longer. */
export async function exactly(listed: Locator, count: number): Promise<void> {
  await listed.nth(count).waitFor({ state: 'detached' })
  assert.equal(await listed.count(), count)
}

const axeSource = (): string => readFileSync(new URL(import.meta.resolve('axe-core/axe.min.js')), 'utf8')

/** What axe finds against WCAG 2.1 AA that keeps somebody out: its rule and where. */
export async function seriousFindings(page: Page): Promise<readonly string[]> {
  await page.evaluate(axeSource())
  return page.evaluate<string[]>(`axe
    .run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] })
    .then(({ violations }) => violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html.slice(0, 200))))`)
}
