/**
 * Clients that leave at any moment: before their request is whole, while its body is on its way, while the answer is.
 * Every operation of the API, over real sockets. None of them may end the process (an error that nobody listens for fails
 * this file), keep a file or a connection open, or leave a file behind. `KAPPA_TEST_SEED` repeats a run.
 */
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { type Prng, prng } from '../../../src/math/prng.ts'
import { createTestApp, type TestApp, type TestAppOptions } from '../../helpers/app.ts'
import { settle } from '../../helpers/fake-clock.ts'
import { openS3Store } from '../../helpers/object-store.ts'
import { CAN_LIST_OPEN_FILES, listOpenFiles } from '../../helpers/open-files.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { exchange, formatRequest, type Leave, sendAndLeave } from '../../helpers/raw-client.ts'
import { type Fixtures, listOperations, makeFixtures, type Operation, requestOf } from './every-operation.ts'

const SEED = Number(process.env['KAPPA_TEST_SEED'] ?? randomInt(2 ** 31))
const AT_ONCE = 8
/** Of each operation: with every operation on a folder more than 500. */
const TRIES = 14
/** What has bytes on its way in or out for long. */
const MORE_TRIES: Readonly<Record<string, number>> = { putObjectPart: 60, getObject: 40 }
/** What every answer has at least: its headers; and what is longer for certain. */
const ANSWER_BYTES: Readonly<Record<string, number>> = { getObject: 3_000_000 }
/** Between a client's leaving and the last rename or query that it was waiting for. */
const MOST_TURNS = 20_000

const skip = (await whyNoPostgres()) || (!CAN_LIST_OPEN_FILES && 'there is no /proc/self/fd')

interface Rig {
  readonly api: TestApp
  readonly port: number
  readonly fixtures: Fixtures
}

async function startRig(options: TestAppOptions): Promise<Rig> {
  const api = await createTestApp({ after }, options)
  const { port } = new URL(await api.app.listen({ port: 0, host: '127.0.0.1' }))
  const fixtures = await makeFixtures(api)
  // Every connection to the database that there will be, and the code of every route.
  for (const operation of listOperations(api)) await requestOf(api, operation, fixtures)
  await Promise.all(Array.from({ length: 16 }, () => api.call('GET', '/v1/runs')))
  return { api, port: Number(port), fixtures }
}

/** Half of them leave before the request is whole, the others while they wait or read. */
function drawLeave(random: Prng, requestBytes: number, answerBytes: number): Leave {
  const isCut = random.integer(2) === 0
  const how = (['reset', 'destroy', 'end'] as const)[random.integer(3)] ?? 'reset'
  return {
    // Near the start as often as anywhere: there the body has just been opened.
    afterBytes: isCut
      ? random.integer(random.integer(2) === 0 ? Math.min(2000, requestBytes) : requestBytes)
      : requestBytes,
    readBytes: isCut || random.integer(2) === 0 ? 0 : 1 + random.integer(answerBytes),
    turns: random.integer(30),
    how
  }
}

async function abortMany(rig: Rig, operations: readonly Operation[]): Promise<number> {
  const random = prng(SEED)
  const queue = operations.flatMap((operation) =>
    Array.from({ length: MORE_TRIES[operation.id] ?? TRIES }, () => ({ operation, order: random.integer(2 ** 31) }))
  )
  queue.sort((a, b) => a.order - b.order)
  const { length } = queue
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let next = queue.pop(); next; next = queue.pop()) {
        const request = formatRequest(await requestOf(rig.api, next.operation, rig.fixtures))
        await sendAndLeave(rig.port, request, drawLeave(random, request.length, ANSWER_BYTES[next.operation.id] ?? 200))
      }
    })
  )
  return length
}

const countConnections = ({ api }: Rig): Promise<number> =>
  new Promise((resolve, reject) => {
    api.app.server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
  })

/** Files on their way, and those of uploads that are no whole part. */
async function listLeftovers({ api }: Rig): Promise<string[]> {
  const namesIn = (folder: string) => readdir(join(api.objectsRoot, folder), { recursive: true }).catch(() => [])
  const uploads = (await namesIn('uploads')).filter((path) => !/^[0-9a-f]{32}(\/(key|part-1))?$/.test(path))
  return [...(await namesIn('temporary')), ...uploads]
}

async function expectNothingLeft(rig: Rig, before: Awaited<ReturnType<typeof listOpenFiles>>): Promise<void> {
  const look = async () => ({
    connections: await countConnections(rig),
    leftovers: await listLeftovers(rig),
    files: (await listOpenFiles()).files
  })
  const nothing = { connections: 0, leftovers: [], files: before.files }
  let left = await look()
  for (let turn = 0; turn < MOST_TURNS && JSON.stringify(left) !== JSON.stringify(nothing); turn += 20) {
    await settle(20)
    left = await look()
  }
  assert.deepEqual(left, nothing)
}

describe(`clients that leave (KAPPA_TEST_SEED=${SEED})`, { skip }, () => {
  test('of every operation, with a folder of objects: the process lives and nothing is left', async () => {
    const rig = await startRig({})
    const before = await listOpenFiles()
    const aborted = await abortMany(rig, listOperations(rig.api))
    assert.ok(aborted >= 500, String(aborted))
    await expectNothingLeft(rig, before)
    const { sockets } = await listOpenFiles()
    assert.ok(sockets <= before.sockets, `${before.sockets} sockets before, ${sockets} after`)

    const path = '/v1/runs'
    const headers = { authorization: `Bearer ${rig.api.adminKey}`, connection: 'close' }
    const { status } = await exchange(rig.port, formatRequest({ method: 'GET', path, headers }))
    assert.equal(status, 200)
  })

  test('of what an S3 store is behind: the process lives and nothing is left', async () => {
    const { store, endpoint } = await openS3Store({ after })
    const rig = await startRig({ objects: store, app: { objectOrigin: endpoint } })
    const before = await listOpenFiles()
    const operations = listOperations(rig.api).filter(
      ({ id, template }) => /upload|artifacts|images|rejected|readyz/.test(template) || id === 'deleteDataset'
    )
    assert.ok((await abortMany(rig, operations)) >= 100)
    await expectNothingLeft(rig, before)
    assert.equal((await rig.api.call('GET', '/readyz', { key: null })).status, 200)
  })
})
