/** Tools of `kappa mcp` that make a vector set and read what it says of a dataset, against the real API. */
import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { createKappaClient } from '../../../src/client/client.ts'
import type { ToolContext } from '../../../src/mcp/tool.ts'
import { CURATION_TOOLS } from '../../../src/mcp/tools/curation.ts'
import { VECTOR_TOOLS } from '../../../src/mcp/tools/vectors.ts'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyModel, aReadyVersion } from '../../helpers/records.ts'
import { anUnlabelledRow, aVectorSet } from '../../helpers/vector-records.ts'

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })
if (!skip) await api.app.listen({ port: 0, host: '127.0.0.1' })

async function ask(name: string, args: object) {
  const baseUrl = `http://127.0.0.1:${(api.app.server.address() as AddressInfo).port}`
  const context: ToolContext = {
    client: createKappaClient({ baseUrl, key: api.adminKey }),
    docsFolder: '',
    signal: new AbortController().signal,
    progress: async () => {}
  }
  const tool = [...VECTOR_TOOLS, ...CURATION_TOOLS].find(({ tool: one }) => one.name === name)!
  const { content, isError } = await tool.call(args, context)
  const { text } = content[0] as { text: string }
  return { isError: isError === true, text, json: isError ? null : JSON.parse(text) }
}

test('a vector set is queued, and lists of one that is there are read page by page', { skip }, async () => {
  const { datasetId } = await aReadyVersion(api, api.projectId, 12)
  const model = await aReadyModel(api.stores, api.projectId)
  const made = (await ask('make_vector_set', { model: model.id, dataset: datasetId, name: 'mine', assign: false })).json
  assert.deepEqual(
    [made.status, made.name, made.dataset, made.prototypes],
    [...['queued', 'mine', `${datasetId}@1`, null]]
  )
  const { id } = await aVectorSet(api, model, datasetId)
  const pairs = (await ask('near_duplicates', { vector_set: id, min_similarity: 0, limit: 2 })).json
  assert.deepEqual([pairs.data.length, pairs.data[0].images.length, pairs.has_more], [2, 2, true])
  const more = await ask('near_duplicates', { vector_set: id, min_similarity: 0, limit: 2, after: pairs.next_cursor })
  assert.notDeepEqual(more.json.data, pairs.data)
  const { data } = (await ask('outliers', { vector_set: id, limit: 1 })).json
  assert.deepEqual([data[0].index, data[0].log_density, data[0].object], [0, 10, undefined])
})

test('labels of another set are proposed and measured, and what is refused is in the API’s words', {
  skip
}, async () => {
  const { datasetId } = await aReadyVersion(api, api.projectId, 12)
  const model = await aReadyModel(api.stores, api.projectId)
  const labelled = await aVectorSet(api, model, datasetId)
  const { id } = await aVectorSet(api, model, datasetId, {}, anUnlabelledRow)
  const vote = { labels_from: labelled.id, neighbors: 1 }
  const { data } = (await ask('proposed_labels', { vector_set: id, ...vote, limit: 100 })).json
  assert.deepEqual([data.length, data[0].label], [12, 'left'])
  const measured = (await ask('label_accuracy', { vector_set: labelled.id, neighbors: 1, sample: 5 })).json
  assert.deepEqual([measured.vector_set, measured.labelled, measured.sampled], [labelled.id, 12, 5])
  const unknown = await ask('outliers', { vector_set: 'vec_none' })
  assert.deepEqual([unknown.isError, /^404 vector_set_not_found/.test(unknown.text)], [true, true])
  assert.match((await ask('outliers', { vector_set: id, labels_from: id })).text, /is no argument of this tool/)
})
