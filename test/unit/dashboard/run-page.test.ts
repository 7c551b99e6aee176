import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keysToSnake } from '../../../src/base/casing.ts'
import { describeEvent, eventError } from '../../../src/client/event-words.ts'
import type { RunEvent } from '../../../src/client/resources.ts'
import { emptyFeed, takeEvents } from '../../../src/dashboard/features/runs/event-feed.ts'
import {
  columnsOf,
  lastStep,
  lastValue,
  longestSeries,
  mergeColumns,
  recentMean
} from '../../../src/dashboard/features/runs/metric-columns.ts'
import { recipeGroups } from '../../../src/dashboard/features/runs/recipe-groups.ts'
import { devicesText, engineText } from '../../../src/dashboard/features/runs/run-engine.ts'
import { resolveRecipe } from '../../../src/recipe/presets.ts'

const event = (seq: number, type: RunEvent['type'], data: RunEvent['data'] = {}): RunEvent => ({
  object: 'run_event',
  run_id: 'run_1',
  seq,
  type,
  level: 'info',
  data,
  created_at: '2026-01-31T12:00:00.000Z'
})

test('a feed keeps the last progress apart and all else in order', () => {
  const feed = takeEvents(emptyFeed, [event(1, 'state'), event(2, 'progress'), event(3, 'alarm'), event(4, 'progress')])
  assert.deepEqual(
    feed.log.map(({ seq }) => seq),
    [1, 3]
  )
  assert.equal(feed.progress?.seq, 4)
  assert.equal(feed.alarm?.seq, 3)
  assert.equal(feed.lastSeq, 4)
})

test('events that come again after a reconnect are taken once', () => {
  const once = takeEvents(emptyFeed, [event(1, 'state'), event(2, 'checkpoint')])
  const twice = takeEvents(once, [event(2, 'checkpoint'), event(3, 'state')])
  assert.equal(takeEvents(twice, [event(3, 'progress')]).progress, null)
  assert.deepEqual(
    twice.log.map(({ seq }) => seq),
    [1, 2, 3]
  )
})

test('a log of any length stays small', () => {
  const many = Array.from({ length: 2000 }, (_, i) => event(i + 1, 'checkpoint'))
  const { log } = takeEvents(emptyFeed, many)
  assert.equal(log.length, 500)
  assert.equal(log.at(-1)?.seq, 2000)
})

test('events are told in words, with the failure they carry', () => {
  assert.equal(
    describeEvent(event(1, 'state', { status: 'queued', status_reason: 'worker_lost' })),
    'Now queued: worker lost'
  )
  assert.equal(describeEvent(event(2, 'checkpoint', { step: 140 })), 'Checkpoint at step 140')
  assert.equal(describeEvent(event(3, 'message', { message: 'Training starts.' })), 'Training starts.')
  const error = { code: 'trainer_crashed', message: 'It died.' }
  assert.equal(eventError({ ...event(4, 'state', { status: 'queued', error }), level: 'warn' }), 'It died.')
  assert.equal(eventError(event(5, 'state', { status: 'running', error })), null)
})

test('a run shows what it trains with, and until it starts what it asks for', () => {
  const compute = { device: 'gpu', devices: 2, max_runtime_s: 60, priority: 0 } as const
  const waiting = { engine: null, compute }
  assert.deepEqual([engineText(waiting), devicesText(waiting)], ['not chosen yet', 'asks for 2 × gpu'])
  const device = { name: 'xla', device: '2 × NVIDIA H100, bfloat16', device_kind: 'gpu' } as const
  const running = { compute, engine: { ...device, devices: 2, precision: 'bfloat16' } }
  assert.deepEqual(
    [engineText(running), devicesText(running)],
    ['xla on 2 × NVIDIA H100, bfloat16', '2 × gpu, bfloat16']
  )
})

test('columns grow by what is new and keep what has not changed', () => {
  const old = columnsOf([
    { key: 'loss', steps: [1, 2], values: [5, 4] },
    { key: 'kl', steps: [1], values: [null] }
  ])
  const merged = mergeColumns(old, columnsOf([{ key: 'loss', steps: [3], values: [3] }]))
  assert.deepEqual(merged['loss'], { steps: [1, 2, 3], values: [5, 4, 3] })
  assert.equal(merged['kl'], old['kl'])
  assert.ok(Number.isNaN(merged['kl']?.values[0]))
  assert.deepEqual([lastStep(merged), longestSeries(merged), lastValue(merged, 'loss')], [3, 3, 3])
  assert.equal(recentMean(merged, 'loss', 2), 3.5)
  assert.deepEqual([lastStep({}), lastValue({}, 'loss'), recentMean({}, 'loss', 2)], [-1, null, null])
})

test('every field of a resolved recipe is shown exactly once', () => {
  const recipe = resolveRecipe({ method: 'dino-vmf', preset: 'demo' })
  const wire = keysToSnake(recipe) as Parameters<typeof recipeGroups>[0] // its own wire form
  const shown = recipeGroups(wire).flatMap(({ title, rows }) => rows.map(([name]) => `${title}/${name}`))
  assert.equal(new Set(shown).size, shown.length)
  const leaves = (value: unknown): number =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.values(value).reduce<number>((sum, one) => sum + leaves(one), 0)
      : 1
  assert.equal(shown.length, leaves(wire))
})
