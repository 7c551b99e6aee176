/** The same journey on a real PostgreSQL server and a real S3 server: nothing of it depends on the embedded parts. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { loadSplits } from '../../src/demo/fashion-mnist.ts'
import { createExampleDataset, SMALL_RUN, trainToModel } from '../helpers/journeys.ts'
import { connectS3 } from '../helpers/object-store.ts'
import { startPlatform } from '../helpers/platform.ts'
import { createTestDatabase, whyNoPostgres } from '../helpers/postgres.ts'

it('images become a served model on PostgreSQL and S3', { skip: await whyNoPostgres() }, async (t) => {
  const databaseUrl = await createTestDatabase(t)
  const s3 = await connectS3(t)
  const platform = await startPlatform(t, {
    DATABASE_URL: databaseUrl,
    S3_BUCKET: s3.bucket,
    S3_ENDPOINT: s3.endpoint,
    AWS_ACCESS_KEY_ID: s3.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.secretAccessKey
  })
  assert.equal((await platform.call('GET', '/readyz', { key: null })).status, 200)
  const { id } = await createExampleDataset(platform, 50)
  const { run, model } = await trainToModel(platform, { ...SMALL_RUN, dataset: id })
  assert.equal(run.progress.percent, 100)
  const { heldOut } = await loadSplits()
  const answer = await platform.call('POST', `/v1/models/${model.id}/embeddings`, {
    body: heldOut.pngs[0]!,
    headers: { 'content-type': 'image/png' }
  })
  assert.equal(answer.json.data[0].embedding.length, model.config.embedding_dim)
  const { json: artifacts } = await platform.call('GET', `/v1/models/${model.id}/artifacts`)
  for (const { url, bytes } of artifacts.data) {
    assert.ok(url.startsWith(s3.endpoint), 'files come from the object store, not through the API')
    assert.equal((await (await fetch(url)).arrayBuffer()).byteLength, bytes)
  }
  assert.equal((await platform.call('DELETE', `/v1/datasets/${id}`)).status, 204)
})
