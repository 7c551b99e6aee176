import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { ERROR_CODES } from '../../../../src/engine/xla/error-codes.ts'
import { createFolderStore } from '../../../../src/engine/xla/folder-store.ts'
import { type KeyValueCallbacks, openKeyValueCallbacks } from '../../../../src/engine/xla/key-value-callbacks.ts'
import { type KeyValueStore, MOST_KEY_BYTES, MOST_VALUE_BYTES } from '../../../../src/engine/xla/key-value-store.ts'
import { CallbackError, type KeyValueCaller, keyValueCaller } from '../../../helpers/key-value-caller.ts'

const CHILD = resolve(import.meta.dirname, 'host-child.ts')
/** Longer than any test takes: what waits for it and is answered does not wait for its end. */
const LONG_MS = 600_000

let root: string
let folder: string
let callbacks: KeyValueCallbacks
let plugin: KeyValueCaller
/** What the store throws next, if anything. */
let failure: Error | null = null

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'kappa-hosts-'))
  folder = join(root, 'leg')
  const store = createFolderStore(folder)
  const failing: KeyValueStore = {
    put: async (key, value) => {
      if (failure) throw failure
      return store.put(key, value)
    },
    get: async (key, until) => {
      if (failure) throw failure
      return store.get(key, until)
    }
  }
  callbacks = await openKeyValueCallbacks(failing)
  plugin = keyValueCaller(callbacks)
})
after(async () => {
  await callbacks.close()
  await rm(root, { recursive: true })
})

const withStatus = (status: number, message: RegExp) => (error: unknown) =>
  error instanceof CallbackError && error.status === status && message.test(error.message)

test('a plugin gets what it has put, byte for byte, also nothing', async () => {
  await plugin.put('a/b', 'α\0ω')
  assert.equal(await plugin.get('a/b', LONG_MS), 'α\0ω')
  assert.equal(await plugin.tryGet('a/b'), 'α\0ω')
  await plugin.put('empty', '')
  assert.equal(await plugin.tryGet('empty'), '')
})

test('a thousand values come and go between threads', async () => {
  for (let i = 0; i < 1000; i += 50) {
    const keys = Array.from({ length: 50 }, (_, k) => `many/${i + k}`)
    await Promise.all(keys.map((key) => plugin.put(key, `value of ${key}`)))
    const values = await Promise.all(keys.map((key) => plugin.get(key, LONG_MS)))
    assert.deepEqual(
      values,
      keys.map((key) => `value of ${key}`)
    )
  }
})

test('what is waited for can be put by the same plugin meanwhile', async () => {
  const waiting = plugin.get('later', LONG_MS)
  await assert.rejects(plugin.tryGet('later'), withStatus(ERROR_CODES.notFound, /later has no value/))
  await plugin.put('later', 'here')
  assert.equal(await waiting, 'here')
})

test('a key keeps its first value, and the plugin hears that there is one', async () => {
  await plugin.put('once', 'first')
  await assert.rejects(plugin.put('once', 'second'), withStatus(ERROR_CODES.alreadyExists, /once has a value already/))
  assert.equal(await plugin.tryGet('once'), 'first')
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.endsWith('.tmp')),
    []
  )
})

test('what nobody puts is waited for no longer than the plugin says', async () => {
  await assert.rejects(plugin.get('never', 100), withStatus(ERROR_CODES.deadlineExceeded, /never .* 100 ms/))
  await assert.rejects(plugin.get('never', 0), withStatus(ERROR_CODES.deadlineExceeded, /never/))
})

test('a store that fails is an error of the plugin with its words, and the next call works', async () => {
  failure = new Error('the disk is gone')
  const gone = withStatus(ERROR_CODES.unavailable, /key-value store failed: the disk is gone/)
  await assert.rejects(plugin.put('fails', 'x'), gone)
  await assert.rejects(plugin.get('fails', LONG_MS), gone)
  await assert.rejects(plugin.tryGet('fails'), gone)
  failure = null
  await plugin.put('fails', 'y')
  assert.equal(await plugin.get('fails', LONG_MS), 'y')
})

test('keys and values have a largest size', async () => {
  const tooLarge = withStatus(ERROR_CODES.invalidArgument, /at most/)
  await assert.rejects(plugin.put('large', new Uint8Array(MOST_VALUE_BYTES + 1)), tooLarge)
  await assert.rejects(plugin.get('k'.repeat(MOST_KEY_BYTES + 1), LONG_MS), tooLarge)
  await plugin.put('k'.repeat(MOST_KEY_BYTES), new Uint8Array(MOST_VALUE_BYTES))
  assert.equal((await plugin.tryGet('k'.repeat(MOST_KEY_BYTES))).length, MOST_VALUE_BYTES)
})

const startHost = (leg: string, index: number, timeoutMs: number): ChildProcess => {
  const args = [join(root, leg), String(index), '2', String(timeoutMs)]
  return spawn(process.execPath, [CHILD, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
}

async function outputOf(host: ChildProcess): Promise<string> {
  const [output] = await Promise.all([textOf(host.stdout!), once(host, 'close')])
  return output.trim()
}

test('two processes learn of the devices of both, whichever comes first', async () => {
  for (const order of [
    [0, 1],
    [1, 0]
  ]) {
    const hosts = order.map((index) => startHost(`both-${order[0]}`, index, LONG_MS))
    assert.deepEqual(await Promise.all(hosts.map(outputOf)), Array(2).fill('told\ndevices of 0, devices of 1'))
  }
})

test('a process whose companion was killed ends when its time is over', async () => {
  const killed = startHost('alone', 0, LONG_MS)
  await once(killed.stdout!, 'data')
  killed.kill('SIGKILL')
  await once(killed, 'close')
  assert.match(await outputOf(startHost('alone', 1, 200)), /failed: global_topology\/cuda had no value after 200 ms/)
})
