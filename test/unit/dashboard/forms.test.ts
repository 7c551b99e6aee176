import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Project } from '../../../src/client/resources.ts'
import {
  NO_QUOTAS,
  QUOTA_FIELDS,
  quotaFormOf,
  quotaPatch
} from '../../../src/dashboard/features/projects/quota-form.ts'
import {
  EMPTY_RETENTION,
  retentionBody,
  retentionFormOf,
  retentionInWords
} from '../../../src/dashboard/features/retention/retention-form.ts'
import { answerInWords } from '../../../src/dashboard/features/webhooks/answer-words.ts'
import { UpdateProject } from '../../../src/http/schemas/project.ts'

const QUOTAS: Project['quotas'] = {
  queued_runs: 4,
  devices_at_once: null,
  storage_bytes: 5_500_000_000,
  requests_per_minute: null,
  pixels_per_minute: 2_000_000
}

test('every quota has a field, and no field is of no quota', () => {
  assert.deepEqual(
    QUOTA_FIELDS.map(({ name }) => name).toSorted(),
    Object.keys(UpdateProject.properties.quotas.properties).toSorted()
  )
})

test('quotas are typed in the units of people, and only what was changed is sent', () => {
  const form = quotaFormOf(QUOTAS)
  assert.deepEqual([form.storage_bytes, form.pixels_per_minute, form.devices_at_once], ['5.5', '2', ''])
  assert.equal(quotaPatch(form, form), null)
  const changed = { ...form, storage_bytes: '0.1', queued_runs: '', devices_at_once: 'two' }
  assert.deepEqual(quotaPatch(form, changed), { storage_bytes: 100_000_000, queued_runs: null, devices_at_once: 'two' })
  assert.deepEqual(quotaPatch(NO_QUOTAS, { ...NO_QUOTAS, queued_runs: '3' }), { queued_runs: 3 })
})

test('a field of the policy that is left empty says nothing, none says that none stay', () => {
  assert.deepEqual(retentionBody(EMPTY_RETENTION), {})
  assert.deepEqual(retentionBody({ ...EMPTY_RETENTION, keepEveryEpochs: 'none', best: 'none' }), {
    keep_every_epochs: null,
    keep_best: null
  })
  const best = { ...EMPTY_RETENTION, best: 'minimize', bestMetric: ' loss ' } as const
  assert.deepEqual(retentionBody(best), { keep_best: { metric: 'loss', direction: 'minimize', count: 1 } })
})

test('a policy is the same after it was looked at in a form', () => {
  const policy = {
    keep_last: 2,
    keep_every_epochs: 5,
    keep_best: { metric: 'eval/knn_top1_k20', direction: 'maximize', count: 3 }
  } as const
  assert.deepEqual(retentionBody(retentionFormOf(policy)), policy)
  assert.deepEqual(retentionBody(retentionFormOf({ keep_last: 3 })), {
    keep_last: 3,
    keep_every_epochs: null,
    keep_best: null
  })
  assert.equal(
    retentionInWords(policy),
    'the newest 2 stay, the first after every 5 epochs, and the 3 with the highest eval/knn_top1_k20'
  )
})

test('what an endpoint answered is said beside why nothing more is sent', () => {
  assert.equal(
    answerInWords({ response_status: 500, error: 'The webhook was disabled.' }),
    '500: The webhook was disabled.'
  )
  assert.equal(answerInWords({ response_status: 204, error: null }), '204')
  assert.equal(answerInWords({ response_status: null, error: null }), '–')
})
