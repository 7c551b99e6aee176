/**
 * LangChain, LlamaIndex and KServe's own client, where KAPPA_TEST_CLIENTS_PYTHON names a Python that has them
 * (`pip install langchain-openai llama-index-embeddings-openai-like kserve`).
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyModel } from '../../helpers/records.ts'

const python = process.env['KAPPA_TEST_CLIENTS_PYTHON']
const skip = python === undefined ? 'SKIPPED, KAPPA_TEST_CLIENTS_PYTHON names no Python' : await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })

const images = [1, 2].map((last) =>
  Buffer.from([137, 80, 78, 71, 13, 10, 26, 10, ...Array(20).fill(last)]).toString('base64')
)

for (const client of ['langchain', 'llama_index', 'kserve']) {
  test(`${client}: its client has the embeddings that the API gives`, { skip }, async () => {
    const model = await aReadyModel(api.stores, api.projectId, { name: client })
    if (!api.app.server.listening) await api.app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = api.app.server.address() as AddressInfo
    const script = join(import.meta.dirname, 'python-clients.py')
    const args = [script, client, `http://127.0.0.1:${port}`, api.adminKey, `${client}@1`, ...images]
    const { stdout } = await promisify(execFile)(python!, args, { timeout: 120_000 })
    const { many, one, ...said } = JSON.parse(stdout)
    const { json } = await api.call('POST', `/v1/models/${model.id}/embeddings`, { body: { input: images } })
    const expected: number[][] = json.data.map(({ embedding }: { embedding: number[] }) => embedding)
    // LangChain and LlamaIndex ask for base64, KServe for JSON: the same float32.
    assert.deepEqual(
      many.map((vector: number[]) => vector.map(Math.fround)),
      expected.map((vector) => vector.map(Math.fround))
    )
    assert.deepEqual(one, many[0])
    for (const [what, is] of Object.entries(said)) assert.equal(is, true, what)
  })
}
