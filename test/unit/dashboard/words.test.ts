import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alarmActionWords, alarmWords } from '../../../src/dashboard/alarm-words.ts'
import { labelled, niceTicks, shareTicks } from '../../../src/dashboard/charts/scale.ts'
import { formatMany } from '../../../src/dashboard/format.ts'
import { modelTitle, runTitle, titlesApart } from '../../../src/dashboard/resource-titles.ts'

const labelsOf = (ticks: readonly number[]) => labelled(ticks).map(({ label }) => label)

test('no two ticks of an axis have one label, however near the values are', () => {
  assert.deepEqual(labelsOf([0, 0.5, 1]), ['0', '0.5', '1'])
  for (const [min, max] of [
    [3.9871, 3.9878],
    [1000.1, 1000.9],
    [12_000_000, 12_040_000],
    [0.000_071_21, 0.000_071_25]
  ] as const) {
    const labels = labelsOf(niceTicks(min, max, 4))
    assert.ok(labels.length > 1)
    assert.equal(new Set(labels).size, labels.length, labels.join(' '))
  }
})

test('an axis of shares says percent, where the chart does', () => {
  assert.deepEqual(shareTicks(0.13, 0.17, 2), [
    { at: 0.14, label: '14 %' },
    { at: 0.16, label: '16 %' }
  ])
})

test('one image is not called images', () => {
  assert.equal(formatMany(1, 'image'), '1 image')
  assert.equal(formatMany(0, 'image'), '0 images')
  assert.equal(formatMany(1234, 'image'), '1,234 images')
  assert.equal(formatMany(2, 'class', 'classes'), '2 classes')
  assert.equal(formatMany(null, 'image'), '– images')
})

test('a model has a title that people can read, with a name or without', () => {
  const model = { id: 'mdl_01m8j2wzyeykqf9sx0ykjn12ct', name: null, version: null, step: 1128, import: null } as const
  const config = { method: 'dino-vmf', arch: 'vit_nano' } as unknown as NonNullable<
    Parameters<typeof modelTitle>[0]['config']
  >
  assert.equal(modelTitle({ ...model, name: 'shoes', version: 3, config }), 'shoes@3')
  assert.equal(modelTitle({ ...model, config }), 'dino-vmf vit_nano at step 1,128 (12ct)')
  assert.equal(modelTitle({ ...model, config: null }), 'a model at step 1,128 (12ct)')
  const other = modelTitle({ ...model, id: 'mdl_01m8j2y2v9zc0mfay3372cpqz7', config })
  assert.notEqual(modelTitle({ ...model, config }), other, 'two of a kind are told apart')
})

test('a run without a name is called by what it trains', () => {
  const resolved_recipe = { method: 'dino', arch: 'vit_tiny' } as unknown as Parameters<
    typeof runTitle
  >[0]['resolved_recipe']
  const id = 'run_01m8j2rche77xcmf1vk4my60dz'
  assert.equal(runTitle({ id, name: 'first', resolved_recipe }), 'first')
  assert.equal(runTitle({ id, name: null, resolved_recipe }), 'dino vit_tiny (60dz)')
})

test('an alarm says in words what is wrong and what was done; one that nobody knows is told as it is', () => {
  assert.equal(alarmWords('collapse_few'), 'collapse: few prototypes')
  assert.equal(alarmWords('loss_spike'), 'loss spike')
  assert.equal(alarmActionWords('notify'), 'the run went on')
  assert.equal(alarmActionWords('pause'), 'the run was paused')
})

test('two datasets of one name are told apart where one is chosen, and others are called by their names', () => {
  const titles = titlesApart([
    { id: 'ds_01m8j51r2bmz26y8zhqsny6dgf', name: 'clothes' },
    { id: 'ds_01m8j5dg3563ere83hnbxjtnyr', name: 'clothes' },
    { id: 'ds_01m8j2y2v9zc0mfay3372cpqz7', name: 'shoes' }
  ])
  assert.deepEqual([...titles.values()], ['clothes (6dgf)', 'clothes (tnyr)', 'shoes'])
})
