/** Requests that are answered one after the other for each project: how many wait, and what the others are told. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyModel, aReadyVersion } from '../../helpers/records.ts'
import { aVectorSet } from '../../helpers/vector-records.ts'

const skip = await whyNoPostgres()
let held: Promise<void> | null = null
const api = skip
  ? (undefined as unknown as TestApp)
  : await createTestApp(
      { after },
      {
        unitOfWork: (real) => async (work) => {
          await held
          return real(work)
        }
      }
    )

test('a project whose requests wait already is told to come back, and no request is lost', { skip }, async () => {
  const model = await aReadyModel(api.stores, api.projectId)
  const { datasetId } = await aReadyVersion(api, api.projectId, 12)
  const { id } = await aVectorSet(api, model, datasetId)
  let goOn = () => {}
  held = new Promise<void>((resolve) => {
    goOn = resolve
  })
  let refused = 0
  // Of each another list: what is asked alike is computed once.
  const ask = async (_: unknown, i: number) => {
    const answer = await api.call('GET', `/v1/vector-sets/${id}/duplicates?min_similarity=0.${90 - i}`)
    // One is at work and sixteen wait: these are the last three.
    if (answer.status === 429 && ++refused === 3) goOn()
    return answer
  }
  const answers = await Promise.all(Array.from({ length: 20 }, ask)).finally(goOn)
  const statuses = answers.map(({ status }) => status).sort()
  assert.deepEqual(statuses, [...new Array(17).fill(200), ...new Array(3).fill(429)])
  const one = answers.find(({ status }) => status === 429)
  assert.equal(one?.json.code, 'overloaded')
  assert.equal(one?.headers['retry-after'], '5')
})
