/** Triton's own client, where KAPPA_TEST_TRITON_PYTHON names a Python that has it (`pip install tritonclient[http]`). */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyModel } from '../../helpers/records.ts'

const python = process.env['KAPPA_TEST_TRITON_PYTHON']
const skip = python === undefined ? 'SKIPPED, KAPPA_TEST_TRITON_PYTHON names no Python' : await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })

test("Triton's client finds a model and has its tensors, as bytes and as JSON", { skip }, async () => {
  const model = await aReadyModel(api.stores, api.projectId, { name: 'cats' })
  await api.app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = api.app.server.address() as AddressInfo
  const images = [1, 2].map((last) => Buffer.from([137, 80, 78, 71, 13, 10, 26, 10, ...Array(20).fill(last)]))
  const texts = images.map((bytes) => bytes.toString('base64'))
  const args = [join(import.meta.dirname, 'triton-client.py'), `127.0.0.1:${port}`, api.adminKey, 'cats@1', ...texts]
  const { stdout } = await promisify(execFile)(python!, args, { timeout: 120_000 })
  const said = JSON.parse(stdout)
  const { json } = await api.call('POST', `/v1/models/${model.id}/embeddings`, { body: { input: texts } })
  const expected = json.data.map(({ embedding }: { embedding: number[] }) => embedding)
  assert.deepEqual([said.live, said.ready, said.model, said.metadata.versions], [true, true, true, ['1']])
  assert.deepEqual(said.json, said.binary)
  assert.deepEqual(said.binary[0], expected)
  assert.match(said.failure, /no model with the name "dogs"/)
})
