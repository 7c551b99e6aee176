import assert from 'node:assert/strict'
import { test } from 'node:test'
import { href, keyFromHash, matchRoute, parseLocation } from '../../../src/dashboard/router.ts'

test('every link leads to the page it names', () => {
  const links = [
    href.runs(),
    href.newRun(),
    href.run('run_1'),
    href.datasets(),
    href.newDataset(),
    href.dataset('ds_1'),
    href.sweeps({ name: 'rates' }),
    href.sweep('swp_1'),
    href.models(),
    href.model('mdl_1'),
    href.keys(),
    href.webhooks(),
    href.webhook('wh_1'),
    href.newSweep(),
    href.evaluations({ status: 'queued' }),
    href.newEvaluation({ model: 'mdl_1' }),
    href.evaluation('eval_1'),
    href.workers(),
    href.projects(),
    href.audit({ action: 'deleteRun' }),
    href.images('ds_1@3', { label: '4' }),
    href.explorer('mdl_1'),
    href.playground({ model: 'mdl_1' }),
    href.project('prj_1'),
    href.compareRuns(['run_1', 'run_2'])
  ]
  assert.deepEqual(
    links.map((link) => parseLocation(link).route),
    [
      { page: 'runs' },
      { page: 'new-run' },
      { page: 'run', id: 'run_1' },
      { page: 'datasets' },
      { page: 'new-dataset' },
      { page: 'dataset', id: 'ds_1' },
      { page: 'sweeps' },
      { page: 'sweep', id: 'swp_1' },
      { page: 'models' },
      { page: 'model', id: 'mdl_1' },
      { page: 'keys' },
      { page: 'webhooks' },
      { page: 'webhook', id: 'wh_1' },
      { page: 'new-sweep' },
      { page: 'evaluations' },
      { page: 'new-evaluation' },
      { page: 'evaluation', id: 'eval_1' },
      { page: 'workers' },
      { page: 'projects' },
      { page: 'audit' },
      { page: 'images', id: 'ds_1@3' },
      { page: 'explorer', id: 'mdl_1' },
      { page: 'playground' },
      { page: 'project', id: 'prj_1' },
      { page: 'compare-runs' }
    ]
  )
})

test('an empty address is the list of runs', () => {
  assert.deepEqual(parseLocation('').route, { page: 'runs' })
  assert.deepEqual(parseLocation('#').route, { page: 'runs' })
})

test('parameters survive a link', () => {
  const { route, query } = parseLocation(href.newRun({ dataset: 'ds_1@3' }))
  assert.deepEqual(route, { page: 'new-run' })
  assert.equal(query.get('dataset'), 'ds_1@3')
})

test('ids with a slash or a percent sign stay one id', () => {
  assert.deepEqual(parseLocation(href.run('a/b%')).route, { page: 'run', id: 'a/b%' })
  assert.deepEqual(matchRoute('/runs/%zz'), { page: 'run', id: '%zz' })
})

test('other addresses are unknown', () => {
  for (const path of ['/nonsense', '/runs/1/2', '/keys/key_1', '/workers/w', '/constructor'])
    assert.deepEqual(matchRoute(path), { page: 'unknown' })
})

test('the key is taken from the address only where it is one', () => {
  assert.equal(keyFromHash('#key=kappa_abc_def'), 'kappa_abc_def')
  assert.equal(keyFromHash('#/runs?status=key=x'), null)
  assert.equal(keyFromHash(''), null)
})
