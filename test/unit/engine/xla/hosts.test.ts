import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { isAppError } from '../../../../src/base/errors.ts'
import { hasNvidiaDriver } from '../../../../src/engine/nvidia.ts'
import { createXlaClient, createXlaClientOfHost } from '../../../../src/engine/xla/client.ts'
import { createFolderStore } from '../../../../src/engine/xla/folder-store.ts'
import { additionOf, cudaPlugin, whyNoCudaPlugin, whyNoXla, xlaPlugin } from '../../../helpers/pjrt.ts'

const CHILD = resolve(import.meta.dirname, 'host-client-child.ts')
const run = promisify(execFile)
const whyNoCompiler = spawnSync('cc', ['--version']).status === 0 ? false : 'there is no C compiler'

let root: string
let standIn: string
let meetings = 0

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'kappa-hosts-'))
  standIn = join(root, 'stand-in.so')
  if (whyNoCompiler) return
  const source = resolve(import.meta.dirname, '../../../helpers/stand-in-plugin.c')
  const { status, stderr } = spawnSync('cc', ['-shared', '-fPIC', '-pthread', '-o', standIn, source])
  assert.equal(status, 0, String(stderr))
})
after(() => rm(root, { recursive: true }))

const meeting = () => createFolderStore(join(root, `meeting-${meetings++}`))
const refusedWith = (message: RegExp) => (error: unknown) =>
  isAppError(error, 'engine_unavailable') && message.test(error.message)

test('clients in two processes are made together and know of each other', { skip: whyNoCompiler }, async () => {
  const folder = join(root, 'two-processes')
  const told = [0, 1].map((index) => run(process.execPath, [CHILD, standIn, folder, String(index)]))
  for (const { stdout } of await Promise.all(told)) assert.equal(stdout, 'host 0, host 1')
})

test('a client whose companion does not come is refused in time, with the key that is missing', {
  skip: whyNoCompiler
}, async () => {
  const created = createXlaClientOfHost(
    { plugin: standIn, options: { timeout_ms: 100 } },
    { index: 1, count: 2, store: meeting() }
  )
  await assert.rejects(created, refusedWith(/global_topology had no value after 100 ms: another host is missing/))
})

test('a client whose store fails is refused with the words of the store', { skip: whyNoCompiler }, async () => {
  const fails = () => Promise.reject(new Error('the database is away'))
  const store = { put: fails, get: fails }
  const created = createXlaClientOfHost({ plugin: standIn }, { index: 0, count: 2, store })
  await assert.rejects(created, refusedWith(/store failed: the database is away/))
})

test('a host that takes the place of one that has told of itself is refused', { skip: whyNoCompiler }, async () => {
  const store = meeting()
  await store.put('local_topology/1', Buffer.from('an earlier host 1'))
  const created = createXlaClientOfHost({ plugin: standIn }, { index: 1, count: 2, store })
  await assert.rejects(created, refusedWith(/local_topology\/1 has a value already/))
})

// When one of the next two fails, the plugin has learned it: see "Several hosts" in docs/engines.md.
test('the CPU plugin has no options for several hosts', { skip: whyNoXla }, async () => {
  const store = meeting()
  for (const index of [0, 1]) {
    await assert.rejects(
      createXlaClientOfHost({ plugin: xlaPlugin! }, { index, count: 2, store }),
      refusedWith(/Unexpected option name passed to PJRT_Client_Create: (node_id|num_nodes)/)
    )
  }
})

test('the CPU plugin compiles nothing that reaches beyond its process', { skip: whyNoXla }, async () => {
  const client = createXlaClient({ plugin: xlaPlugin!, options: { cpu_device_count: 2, process_id: 1 } })
  assert.equal(client.devices.length, 2)
  await assert.rejects(
    client.compile(additionOf([3]), { replicas: 4 }),
    /Multiprocess computations aren't implemented on the CPU backend/
  )
  client.dispose()
})

const skip = whyNoCudaPlugin || (hasNvidiaDriver() ? 'there is a GPU' : false)
test('the CUDA plugin takes the options of several hosts, and misses a GPU', { skip }, async () => {
  const created = createXlaClientOfHost({ plugin: cudaPlugin! }, { index: 1, count: 2, store: meeting() })
  await assert.rejects(created, refusedWith(/No visible GPU devices/))
})
