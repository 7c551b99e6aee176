import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAppError } from '../../../src/base/errors.ts'
import { ALL_PROTOCOLS } from '../../../src/base/evaluation.ts'
import { columnsOf, compare } from '../../../src/report/compare.ts'
import { readMeasurements } from '../../../src/report/measurement.ts'
import { reportPage, reportPieces } from '../../../src/report/page.ts'

/** A line as kappa evaluate --out writes it. */
const line = (patch: object = {}) => ({
  type: 'evaluation',
  protocol: 'knn',
  settings: { k: [10, 20], temperature: 0.07, leave_one_out: true, seed: 0 },
  bank: 250,
  queries: 250,
  classes: 10,
  metrics: { top1_k10: { value: 0.75, low: 0.7, high: 0.8 } },
  dimensions: 32,
  model: '/runs/first/model',
  bank_source: '/images',
  queries_source: null,
  ...patch
})
const read = (values: readonly object[], file = 'a.jsonl') =>
  readMeasurements(values.map((value) => JSON.stringify(value)).join('\n'), file)

const warningsOf = (one: object, other: object) =>
  compare(columnsOf([...read([one], 'a.jsonl'), ...read([other], 'b.jsonl')]))[0]?.warnings ?? []

test('lines of a file and an evaluation of the API read the same', () => {
  const { type: _, model, bank_source: dataset, queries_source: queries, ...result } = line()
  const evaluation = { object: 'evaluation', id: 'eval_1', model, dataset, queries, results: [result] }
  const [ofApi] = readMeasurements(JSON.stringify(evaluation, null, 2), 'saved.json')
  const [ofFile] = read([line()])
  assert.deepEqual({ ...ofApi, from: 'a.jsonl' }, ofFile)
  assert.equal(ofApi?.from, 'eval_1')
  const list = { object: 'list', data: [evaluation, evaluation], has_more: false, next_cursor: null }
  assert.equal(readMeasurements(JSON.stringify(list), 'list.json').length, 2)
  assert.equal(readMeasurements(`\ufeff${JSON.stringify(list)}`, 'marked.json').length, 2)
})

test('what is no result is refused by file and line', () => {
  const refused = (text: string, message: RegExp) =>
    assert.throws(
      () => readMeasurements(text, 'x.jsonl'),
      (error) => isAppError(error, 'invalid_request') && message.test(error.message)
    )
  refused(`${JSON.stringify(line())}\nnonsense`, /^x\.jsonl, line 2, is no JSON/)
  refused('', /^x\.jsonl has no result/)
  refused('[1]', /^x\.jsonl is no result/)
  refused(JSON.stringify(line({ protocol: 'nearest' })), /names no protocol/)
  refused(JSON.stringify(line({ metrics: { top1: { value: null, low: 0, high: 1 } } })), /lacks a number/)
  refused(`${JSON.stringify(line())}\n${JSON.stringify(line({ metrics: {} }))}`, /^x\.jsonl, line 2, has no metrics/)
  refused(JSON.stringify(line({ settings: { k: { a: 1 } } })), /setting that is no number/)
  refused(JSON.stringify(line({ metrics: { top1: { value: 0, low: -1e308, high: 1e308 } } })), /has one that is none/)
  refused('{"object":"list","data":['.repeat(20_000) + ']}'.repeat(20_000), /a list in a list/)
  refused(JSON.stringify({ type: 'evaluating', protocol: 'knn' }), /has no result/)
})

test('models stand side by side, and each protocol has one place in a column', () => {
  const twice = line({ settings: { k: [5] } })
  const columns = columnsOf(read([line(), line({ protocol: 'retrieval' }), line({ model: 'other' }), twice]))
  assert.deepEqual(
    columns.map(({ letter, model, byProtocol }) => [letter, model, [...byProtocol.keys()]]),
    [
      ['A', '/runs/first/model', ['knn', 'retrieval']],
      ['B', 'other', ['knn']],
      ['C', '/runs/first/model', ['knn']]
    ]
  )
})

test('other settings or other images are a warning, what a protocol found is none', () => {
  assert.deepEqual(warningsOf(line(), line({ model: 'other' })), [])
  assert.match(warningsOf(line(), line({ settings: { ...line().settings, seed: 1 } }))[0] ?? '', /settings: seed\./)
  assert.match(warningsOf(line(), line({ bank_source: '/others' }))[0] ?? '', /bank \/images and \/others/)
  assert.match(warningsOf(line(), line({ queries: 100 }))[0] ?? '', /queries 250 and 100/)
  const logistic = (lambda: number[]) => line({ protocol: 'logistic', settings: { folds: 5, lambda_chosen: lambda } })
  assert.deepEqual(warningsOf(logistic([0.1]), logistic([0.01])), [])
  const linear = (rate: number) => line({ protocol: 'linear', settings: { epochs: 100, rate_chosen: rate } })
  assert.deepEqual(warningsOf(linear(0.1), linear(0.3)), [])
})

test('one model by several first dimensions has a column for each, which are compared without a warning', () => {
  const by = (dimensions: number) => line({ dimensions, settings: { dimensions, ...line().settings } })
  const measurements = read([by(8), by(16), line({ protocol: 'retrieval', settings: { dimensions: 8 } }), line()])
  const columns = columnsOf(measurements)
  assert.deepEqual(
    columns.map(({ firstDimensions, byProtocol }) => [firstDimensions, [...byProtocol.keys()]]),
    [
      [8, ['knn', 'retrieval']],
      [16, ['knn']],
      [null, ['knn']]
    ]
  )
  assert.deepEqual(
    compare(columns).flatMap(({ warnings }) => warnings),
    []
  )
  assert.match(reportPage(measurements), /A <span class="muted small">\/runs\/first\/model, first 8 dimensions/)
})

test('protocols of the command line alone are on the page too', () => {
  const copies = line({
    protocol: 'copy_detection',
    classes: null,
    metrics: { map_strong: { value: 0.5, low: 0.4, high: 0.6 } }
  })
  assert.match(reportPage(read([copies])), /<h2>copy_detection<\/h2>[\s\S]*map_strong[\s\S]*50\.0 %/)
})

test('the page loads nothing, runs nothing, and shows names as they are', () => {
  const hostile = `"><script>alert('x')</script>&`
  const page = reportPage(
    read([line({ model: hostile, bank_source: hostile, settings: { [hostile]: hostile } })], hostile)
  )
  assert.ok(!page.includes('<script'), 'everything is escaped')
  assert.ok(page.includes('&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;'))
  assert.doesNotMatch(page, /(src|href)=|url\(|@import/)
  assert.match(page, /<b>75\.0 %<\/b>.*70\.0 % … 80\.0 %/)
})

test('a name that every object inherits is missing where a file does not have it', () => {
  const odd = line({ settings: { toString: 1 }, metrics: { constructor: { value: 0.5, low: 0.4, high: 0.6 } } })
  const measurements = [...read([line()], 'a.jsonl'), ...read([odd], 'b.jsonl')]
  const [comparison] = compare(columnsOf(measurements))
  assert.deepEqual(comparison?.settings.find(({ name }) => name === 'toString')?.values, ['–', '1'])
  assert.doesNotMatch(reportPage(measurements), /native code|NaN/)
})

test('a page of fifty models comes in pieces, of which none is long to write', () => {
  const metrics = Object.fromEntries(
    Array.from({ length: 14 }, (_, i) => [`metric_${i}`, { value: 0.5, low: 0.4, high: 0.6 }])
  )
  const measurements = Array.from({ length: 50 }, (_, i) =>
    ALL_PROTOCOLS.map((protocol) => line({ protocol, metrics, model: `mdl_${i}` }))
  )
  const pieces = [...reportPieces(read(measurements.flat()))]
  const all = pieces.reduce((sum, { length }) => sum + length, 0)
  assert.ok(Math.max(...pieces.map(({ length }) => length)) < all / 50)
})
