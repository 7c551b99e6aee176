/** What infra/compose.yaml says, run as processes: from an empty database and store to a trained model, watched by Prometheus' settings. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { startComposeWorld } from '../helpers/compose-world.ts'
import { createExampleDataset, SMALL_RUN, trainToModel } from '../helpers/journeys.ts'
import { createCaller } from '../helpers/platform.ts'
import { whyNoPostgres } from '../helpers/postgres.ts'
import { readCompose } from '../infra/compose-file.ts'
import { metricsIn, offeredBy } from '../infra/promql.ts'

const INFRA = resolve(import.meta.dirname, '../../infra')
const ADMIN_KEY = 'kappa_first_aaaaaaaaaaaaaaaaaaaaaaaa'
const SETTINGS = {
  KAPPA_VERSION: '0.0.0',
  POSTGRES_PASSWORD: 'postgres-password',
  S3_SECRET_KEY: 'kappa-secret',
  GRAFANA_PASSWORD: 'grafana-password',
  KAPPA_ADMIN_KEY: ADMIN_KEY,
  KAPPA_SECRET_KEY: 'a'.repeat(32)
}
/** What Prometheus itself makes of a scrape. */
const OF_PROMETHEUS = ['up']

const read = (path: string): string => readFileSync(resolve(INFRA, path), 'utf8')

function expressionsByPlace(): [string, string][] {
  const { groups } = parse(read('prometheus/alerts.yml'))
  const rules: { alert: string; expr: string }[] = groups.flatMap(({ rules }: { rules: object[] }) => rules)
  const dashboards = globSync('grafana/dashboards/*.json', { cwd: INFRA }).flatMap((path) => {
    const panels: { title: string; targets: { expr: string }[] }[] = JSON.parse(read(path)).panels
    return panels.flatMap(({ title, targets }) =>
      targets.map(({ expr }): [string, string] => [`${path}, ${title}`, expr])
    )
  })
  return [...rules.map(({ alert, expr }): [string, string] => [alert, expr]), ...dashboards]
}

test('the services of compose.yaml train a model, are scraped, and end when they are told to', {
  skip: await whyNoPostgres()
}, async (t) => {
  const world = await startComposeWorld(readCompose(SETTINGS))
  let ends: Readonly<Record<string, number | null>> | null = null
  t.after(async () => ends ?? (await world.stop()))

  assert.match(world.bucketMade, /kappa: made|kappa-test: made|was there/)
  const api = createCaller({ url: world.urlOf('api:8080'), adminKey: ADMIN_KEY })
  // Each looks at its machine first.
  await api.waitFor('/v1/workers', ({ data }) => data.length === 2)

  const { id } = await createExampleDataset(api, 50)
  const { model } = await trainToModel(api, { ...SMALL_RUN, dataset: id })
  assert.equal(model.status, 'ready')

  await t.test('every metric of an alert or a dashboard is offered by what Prometheus scrapes', async () => {
    const { scrape_configs } = parse(read('prometheus/prometheus.yml'))
    const targets: string[] = scrape_configs.flatMap(
      ({ static_configs }: { static_configs: { targets: string[] }[] }) => static_configs.flatMap((one) => one.targets)
    )
    assert.deepEqual(targets, ['api:8080', 'worker-1:9465', 'worker-2:9465'])
    const pages = await Promise.all(
      targets.map(async (target) => (await fetch(`${world.urlOf(target)}/metrics`)).text())
    )
    const offered = new Set([...OF_PROMETHEUS, ...pages.flatMap((page) => [...offeredBy(page)])])
    const asked = expressionsByPlace()
    assert.ok(asked.length > 40)
    for (const [place, expression] of asked) {
      const names = metricsIn(expression)
      assert.ok(names.length > 0, place)
      for (const name of names) assert.ok(offered.has(name), `${place} asks for ${name}, which nothing offers`)
    }
  })

  ends = await world.stop()
  assert.deepEqual(ends, { api: 0, 'worker-1': 0, 'worker-2': 0 })
})
