import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  fieldLabel,
  formatAge,
  formatBytes,
  formatCount,
  formatDegrees,
  formatDuration,
  formatField,
  formatNumber,
  formatPercent
} from '../../../src/dashboard/format.ts'

test('numbers have four digits and no tail of zeros', () => {
  const shown = [0, 1, 0.25, 1234.5678, 0.123456, 39.2, 0.0005, 12_345, -2.5].map((value) => formatNumber(value))
  assert.deepEqual(shown, ['0', '1', '0.25', '1,235', '0.1235', '39.2', '0.0005', '12,345', '-2.5'])
})

test('very large and very small numbers are powers of ten', () => {
  assert.deepEqual(
    [5.7e12, 1e-5, -3.1e-7].map((value) => formatNumber(value)),
    ['5.70e12', '1.00e-5', '-3.10e-7']
  )
})

test('what is missing or not finite is a dash, never NaN', () => {
  assert.deepEqual(
    [null, undefined, Number.NaN, Number.POSITIVE_INFINITY].map((value) => formatNumber(value)),
    ['–', '–', '–', '–']
  )
  assert.equal(formatBytes(null), '–')
  assert.equal(formatDuration(null), '–')
  assert.equal(formatPercent(Number.NaN), '–')
  assert.equal(formatCount(undefined), '–')
})

test('durations show their two largest units', () => {
  const shown = [0.25, 59, 60, 214, 3600, 93_784, 2_419_200].map(formatDuration)
  assert.deepEqual(shown, ['0.3 s', '59 s', '1 min', '3 min 34 s', '1 h', '1 d 2 h', '28 d'])
})

test('ages are one unit', () => {
  assert.deepEqual([0, 30, 600, 7200, 400_000].map(formatAge), [
    'just now',
    '30 s ago',
    '10 min ago',
    '2 h ago',
    '5 d ago'
  ])
})

test('sizes are decimal, as disks are sold', () => {
  assert.deepEqual([0, 999, 1500, 6.1e6, 73_400_320, 2e12].map(formatBytes), [
    '0 B',
    '999 B',
    '1.5 kB',
    '6.1 MB',
    '73 MB',
    '2.0 TB'
  ])
})

test('a share that is not zero is not shown as zero', () => {
  assert.deepEqual(
    [0, 0.00001, 0.412, 1].map((share) => formatPercent(share, 1)),
    ['0.0 %', '< 0.1 %', '41.2 %', '100.0 %']
  )
})

test('a cosine is an angle, also when rounding carried it past one', () => {
  assert.equal(formatDegrees(0.5), '60.0°')
  assert.equal(formatDegrees(1.0000001), '0.0°')
})

test('a field is shown by the unit in its name', () => {
  assert.equal(formatField('memory_bytes', 310_000_000), '310 MB')
  assert.equal(formatField('duration_s', 214), '3 min 34 s')
  assert.equal(formatField('teacher_temperature', [0.04, 0.07, 30]), '0.04, 0.07, 30')
  assert.equal(formatField('epochs', 100), '100')
  assert.equal(formatField('duration_s', null), '–')
  assert.equal(formatField('normalize_last_layer', false), 'false')
  assert.equal(fieldLabel('max_runtime_s'), 'max runtime')
  assert.equal(fieldLabel('prototypes'), 'prototypes')
})
