/** What the dashboard says of windows of served images, held against what judges them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Compile } from 'typebox/compile'
import type { Drift, DriftWindow } from '../../../src/client/resources.ts'
import { driftFormOf, driftPatch, LIMIT_FIELDS } from '../../../src/dashboard/features/drift/drift-form.ts'
import {
  driftLines,
  restOf,
  stateWords,
  tellingWindow,
  timesWords,
  whyNoDensity,
  whyNoPsi,
  windowsOf
} from '../../../src/dashboard/features/drift/drift-words.ts'
import { DRIFT_DEFAULTS } from '../../../src/domain/drift.ts'
import { presentDriftSettings, UpdateDrift } from '../../../src/http/schemas/drift.ts'
import { stabilityOf } from '../../../src/math/population-stability.ts'

const window = (fields: Partial<DriftWindow>): DriftWindow => ({
  number: 1,
  started_at: '2026-01-01T00:00:00.000Z',
  ended_at: '2026-01-02T00:00:00.000Z',
  images: 500,
  psi: 0.1,
  psi_expected: 0.01,
  psi_limit: 0.25,
  groups: [],
  density: null,
  over: false,
  ...fields
})
const group = { prototypes: [3], prototypes_in_all: 1, images: 50, expected_images: 20, psi: 0.1 }
const drift: Drift = {
  object: 'drift',
  model: 'mdl_1',
  enabled: true,
  window_images: 500,
  psi_over: 0.25,
  low_density_over: 0.1,
  over_since: null,
  posterior: 'teacher',
  training_images: 2000,
  window: null,
  ended: []
}

test('every limit that can be changed is in the form, and what is not touched is not sent', () => {
  const names = Object.keys(presentDriftSettings(DRIFT_DEFAULTS)).filter((name) => name !== 'enabled')
  assert.deepEqual(LIMIT_FIELDS.map(({ name }) => name).toSorted(), names.toSorted())
  const known = driftFormOf(drift)
  assert.deepEqual(driftPatch(known, known), {})
  assert.deepEqual(driftPatch(known, { ...known, psi_over: ' 0.4 ' }), { psi_over: 0.4 })
  const changed = driftPatch(known, { ...known, window_images: '5000', low_density_over: '0.2' })
  assert.deepEqual(changed, { window_images: 5000, low_density_over: 0.2 })
  assert.ok(Compile(UpdateDrift).Check(changed))
  // What is no number goes as it is: the API names the field.
  assert.deepEqual(driftPatch(known, { ...known, psi_over: 'much' }), { psi_over: 'much' })
})

test('why a window has no index is said by the number of images that its index takes', () => {
  const split = (images: number) =>
    new Map([
      [0, Math.ceil(images / 2)],
      [1, Math.floor(images / 2)]
    ])
  const psiOf = (images: number, training: number) => stabilityOf(split(training), split(images))?.psi ?? null
  for (const [images, training] of [
    [99, 2000],
    [2000, 99]
  ] as const) {
    assert.equal(psiOf(images, training), null)
    assert.match(whyNoPsi({ psi: null, images }, training) ?? '', /99 .*100 are needed/)
  }
  assert.equal(psiOf(100, 2000), 0)
  assert.equal(whyNoPsi({ psi: 0, images: 100 }, 2000), null)
  // All of training in one prototype: no number of images helps.
  assert.equal(stabilityOf(new Map([[0, 2000]]), split(500)), null)
  assert.match(whyNoPsi({ psi: null, images: 500 }, 2000) ?? '', /no two groups/)
})

test('why no image has a density depends on the model', () => {
  assert.match(whyNoDensity(false), /No mixture was fitted/)
  assert.match(whyNoDensity(true), /No image of it/)
})

test('the state is said in a sentence', () => {
  assert.match(stateWords({ ...drift, enabled: false }), /Nothing is counted/)
  assert.match(stateWords(drift), /No image was assigned/)
  assert.match(stateWords({ ...drift, window: window({ ended_at: null }) }), /first window is being counted/)
  assert.match(stateWords({ ...drift, ended: [window({})] }), /does not differ/)
  assert.match(stateWords({ ...drift, over_since: '2026-01-02T00:00:00.000Z', ended: [window({})] }), /differ from/)
})

test('the window that tells most is the newest that was over, else the newest that has ended', () => {
  const groups = [group]
  const open = window({ number: 4, ended_at: null, groups, over: true })
  const [third, second, first] = [3, 2, 1].map((number) => window({ number, groups, over: number === 2 }))
  assert.equal(tellingWindow([open, third!, second!, first!])?.number, 2)
  assert.equal(tellingWindow([open, third!, first!])?.number, 3)
  assert.equal(tellingWindow([open, window({})])?.number, 4)
  assert.equal(tellingWindow([window({})]), undefined)
  assert.deepEqual(windowsOf({ ...drift, window: open, ended: [third!] }), [open, third])
})

test('lines are drawn by the number of a window, without those that could not be compared', () => {
  const ended = [window({ number: 9, psi: 0.3 }), window({ number: 8, psi: null }), window({ number: 7, psi: 0.2 })]
  const [measured, limit, expected] = driftLines(ended, {
    value: ({ psi }) => psi,
    limit: ({ psi_limit: most }) => most,
    chance: ({ density }) => density?.below_p5.expected
  })
  assert.deepEqual(measured?.series, { steps: [7, 9], values: [0.2, 0.3] })
  assert.deepEqual(limit?.series.steps, [7, 8, 9])
  assert.deepEqual(expected?.series.steps, [])
})

test('a group is compared with what was expected of it', () => {
  assert.equal(timesWords(group), '2.5 × as many')
  assert.equal(timesWords({ ...group, images: 5 }), '0.25 × as many')
  assert.equal(timesWords({ ...group, images: 0 }), '0 × as many')
  assert.equal(timesWords({ ...group, expected_images: 0 }), 'none expected')
  assert.equal(restOf({ ...group, prototypes_in_all: 5 }), 4)
})
