import assert from 'node:assert/strict'
import { test } from 'node:test'
import { modelNameOf, nameProblem, readCheckpointName, readNamed } from '../../../src/domain/model-name.ts'

test('a number after the last @ is a version, anything else an alias, and what has no @ an id', () => {
  for (const [text, expected] of [
    ['mdl_01j', null],
    ['shoes', null],
    ['shoes@3', { name: 'shoes', version: 3 }],
    ['shoes@prod', { name: 'shoes', alias: 'prod' }],
    ['shoes, ViT-S/16@2147483647', { name: 'shoes, ViT-S/16', version: 2147483647 }],
    ['shoes@2147483648', { name: 'shoes', alias: '2147483648' }],
    ['shoes@0', { name: 'shoes', alias: '0' }],
    ['shoes@', { name: 'shoes', alias: '' }],
    ['@prod', { name: '', alias: 'prod' }],
    ['a@b@2', { name: 'a@b', version: 2 }]
  ] as const) {
    assert.deepEqual(readNamed(text), expected, text)
  }
})

test('blank names, names with spaces at their ends, with @ or with control characters are none', () => {
  for (const name of ['shoes', 'DINOv2 S/14', 'Schuhe – größer', '3', '鞋']) assert.equal(nameProblem(name), null, name)
  for (const name of [
    '',
    ' ',
    '\u00a0\u2003',
    ' shoes',
    'shoes ',
    'a@b',
    'a\nb',
    'a\u0007',
    'a\u001b[31m',
    'a\u0085b',
    'a\u2028b',
    'a\u202eb'
  ]) {
    assert.match(nameProblem(name) ?? '', /^must (be|not)/, JSON.stringify(name))
  }
})

test('whatever a run is called, its model has a name or none', () => {
  for (const [run, model] of [
    ['shoes', 'shoes'],
    [' shoes@night\n', 'shoes-night'],
    ['  ', null],
    ['\n', null],
    ['a\tb', 'a b'],
    ['a\u202eb\u2028c', 'a b c']
  ] as const) {
    assert.equal(modelNameOf(run), model)
    if (model !== null) assert.equal(nameProblem(model), null)
  }
})

test('a run and latest, or a step, name a checkpoint; nothing else does', () => {
  assert.deepEqual(readCheckpointName('run_01jx@latest'), { run: 'run_01jx', step: null })
  assert.deepEqual(readCheckpointName('run_01jx@0'), { run: 'run_01jx', step: 0 })
  assert.deepEqual(readCheckpointName('run_01jx@1200'), { run: 'run_01jx', step: 1200 })
  for (const other of [
    'run_01jx',
    'run_01jx@prod',
    'run_01jx@01',
    'run_01jx@-1',
    'shoes@latest',
    'mdl_01jx@3',
    'run_@3'
  ])
    assert.equal(readCheckpointName(other), null, other)
})
