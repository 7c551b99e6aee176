/** Failures of jobs are counted from zero on: an alert is about an increase, and a series that begins at 1 has none. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { ERROR_CATALOGUE } from '../../../src/base/errors.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { FAILURE_CODES } from '../../../src/domain/failure-codes.ts'
import { JOB_KINDS } from '../../../src/domain/job.ts'
import { createWorkerListener } from '../../../src/http/worker-listener.ts'
import { parseMetrics } from '../../helpers/metrics-text.ts'

const SOURCES = resolve(import.meta.dirname, '../../../src')

/** Of the lab's own code: thrown to whoever calls it, and turned into another code or never reached by a job. */
const NOT_OF_JOBS: Readonly<Record<string, string>> = {
  image_invalid: 'of one image: it is left out, and listed',
  image_too_large: 'of one image, likewise',
  request_timeout: 'of requests that are served',
  model_not_ready: 'of models that are served'
}

test('a worker that has just started has a zero of every kind and code', async (t) => {
  const options = { host: '127.0.0.1', port: 0, checks: {}, gauges: [], logger: silentLogger }
  const listener = createWorkerListener(options)
  const url = await listener.listen()
  t.after(() => listener.close())
  const values = parseMetrics(await (await fetch(`${url}/metrics`)).text())
  assert.ok(FAILURE_CODES.length > 100)
  for (const { kind, code } of FAILURE_CODES)
    assert.equal(values.get(`kappa_jobs_failed_total{kind="${kind}",code="${code}"}`), 0, `${kind} ${code}`)
})

test('both lanes of ingests are one, and every other kind is there', () => {
  const kinds = new Set(FAILURE_CODES.map(({ kind }) => kind))
  assert.deepEqual([...kinds].sort(), JOB_KINDS.filter((kind) => kind !== 'ingest-small-dataset').toSorted())
})

test('what packs, trains and exports throws no code that nobody expects of a job', () => {
  const expected = new Set(FAILURE_CODES.map(({ code }) => code))
  const files = ['tasks', 'images', 'training', 'interop', 'evaluation', 'probing', 'recipe', 'cache'].flatMap(
    (folder) => globSync(`${SOURCES}/${folder}/**/*.ts`)
  )
  assert.ok(files.length > 100)
  const thrown = files.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/new AppError\(\s*'(\w+)'/g)].map(([, code = '']) => code)
  )
  assert.ok(thrown.length > 50)
  const unexpected = [...new Set(thrown)].filter((code) => !expected.has(code) && NOT_OF_JOBS[code] === undefined)
  assert.deepEqual(unexpected, [], 'decide in domain/failure-codes.ts or here')
  for (const code of expected)
    assert.ok(code in ERROR_CATALOGUE || ['worker_lost', 'trainer_killed', 'trainer_stalled'].includes(code), code)
})
