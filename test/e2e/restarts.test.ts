/** kill -9 of the parts that crash-and-resume leaves alone: API, inference and the embedded database. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { loadSplits } from '../../src/demo/fashion-mnist.ts'
import { createExampleDataset, SMALL_RUN, trainToModel } from '../helpers/journeys.ts'
import { type Platform, type Reply, startPlatform } from '../helpers/platform.ts'
import { descendantsOf } from '../helpers/process-tree.ts'

const ON_LINUX = process.platform === 'linux'
const skip = ON_LINUX ? false : 'processes are found through /proc'
const WITHIN_MS = 180_000

describe('a platform that loses a process', { skip }, () => {
  let platform: Platform
  let model: Reply['json']
  let image: Uint8Array
  const hooks: (() => Promise<void>)[] = []

  before(async () => {
    platform = await startPlatform({ after: (hook) => void hooks.push(hook) })
    const { id } = await createExampleDataset(platform, 50)
    ;({ model } = await trainToModel(platform, { ...SMALL_RUN, dataset: id, hyperparameters: { epochs: 0 } }))
    image = (await loadSplits()).heldOut.pngs[0]!
  })
  after(async () => {
    for (const hook of hooks) await hook()
  })

  function kill(entry: string): number {
    const found = descendantsOf(platform.child.pid).find(({ command }) => command.includes(entry))
    assert.ok(found, `${entry} runs`)
    process.kill(found.pid, 'SIGKILL')
    return found.pid
  }

  const embed = () =>
    platform.call('POST', `/v1/models/${model.id}/embeddings`, {
      body: image,
      headers: { 'content-type': 'image/png' }
    })

  /** Asks again until the answer is 200; every other answer on the way must be one of `allowed` or a closed door. */
  async function untilItWorks(ask: () => Promise<Reply>, allowed: readonly number[]): Promise<Reply> {
    const until = performance.now() + WITHIN_MS
    for (;;) {
      const reply = await ask().catch((error: Error) => {
        if (error.name === 'AssertionError') throw error
        return null
      })
      if (reply?.status === 200) return reply
      if (reply) assert.ok(allowed.includes(reply.status), `${reply.status} ${reply.text}`)
      assert.ok(performance.now() < until, `is not back after ${WITHIN_MS / 1000} s`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  it('serves again after the inference process is killed, with the same vector', async () => {
    const before = await embed()
    const pid = kill('inference.ts')
    const again = await untilItWorks(embed, [503])
    assert.deepEqual(again.json.data, before.json.data)
    assert.ok(descendantsOf(platform.child.pid).every((one) => one.pid !== pid))
  })

  it('answers again after the API is killed', async () => {
    kill('api.ts')
    const reply = await untilItWorks(() => platform.call('GET', `/v1/models/${model.id}`), [])
    assert.equal(reply.json.status, 'ready')
  })

  it('is not joined by a second one on its folder, which says who is in the way', async () => {
    const entry = join(import.meta.dirname, '../../src/bin/standalone.ts')
    const env = { ...process.env, KAPPA_DATA: platform.folder, PORT: '0' }
    const { code, stderr } = await promisify(execFile)(process.execPath, [entry], { env }).catch((error) => error)
    assert.equal(code, 1)
    assert.match(stderr, /postgres does not start: Another process uses .*postgres\.\n$/)
    assert.ok(!stderr.includes('    at '), 'no stack')
  })

  it('has everything it acknowledged after the embedded database is killed', async () => {
    const created = await platform.call('POST', '/v1/datasets', { json: { name: 'acknowledged' } })
    assert.equal(created.status, 201)
    kill('embedded-postgres.ts')
    const reply = await untilItWorks(() => platform.call('GET', `/v1/datasets/${created.json.id}`), [503])
    assert.equal(reply.json.name, 'acknowledged')
    const { run } = await trainToModel(platform, {
      ...SMALL_RUN,
      dataset: (await platform.call('GET', '/v1/datasets?limit=2')).json.data[1].id,
      hyperparameters: { epochs: 0 }
    })
    assert.equal(run.status, 'succeeded')
  })
})
