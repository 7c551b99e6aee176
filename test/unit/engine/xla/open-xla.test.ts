/** The xla engine as it is opened on XLA's CPU plugin, where that is installed. */
import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { isAppError } from '../../../../src/base/errors.ts'
import type { FoundPlugin } from '../../../../src/engine/xla/find-plugin.ts'
import { openXlaEngine, type XlaWish } from '../../../../src/engine/xla/open-xla.ts'
import { foundPlugin, whyNoXla } from '../../../helpers/pjrt.ts'

const skip = whyNoXla
const plugin = foundPlugin!

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kappa-open-'))
})
after(() => rm(folder, { recursive: true }))

async function open(wish: Partial<XlaWish> = {}, at: FoundPlugin = plugin) {
  const engine = await openXlaEngine(at, { precision: 'auto', memoryFraction: null, programsFolder: folder, ...wish })
  const { name, devices, precision } = engine
  await engine.dispose()
  return [name, devices, precision]
}

const isRefused = (opening: Promise<unknown>, reason: RegExp) =>
  assert.rejects(opening, (error) => isAppError(error, 'engine_unavailable') && reason.test(error.message))

test('on a CPU it computes in float32 unless another precision is asked for, and tf32 is none of a CPU', {
  skip
}, async () => {
  assert.deepEqual(await open(), ['xla', 1, 'float32'])
  assert.deepEqual(await open({ precision: 'bfloat16' }), ['xla', 1, 'bfloat16'])
  await isRefused(open({ precision: 'tf32' }), /tf32 is of GPUs/)
})

test('a CPU is as many devices as are asked for, and has no memory of which a share could be taken', {
  skip
}, async () => {
  assert.deepEqual(await open({ devices: 3, memoryFraction: 0.5 }), ['xla', 3, 'float32'])
})

test('threads are those of this client, and the environment is left as it was', { skip }, async () => {
  const before = { ...process.env }
  await open({ threads: 1 })
  assert.equal(process.env['NPROC'], before['NPROC'])
})

test('what a plugin is shows when it is open, whatever its name; more devices than it has are refused', {
  skip
}, async () => {
  const path = join(folder, 'plugin.so')
  await symlink(plugin.path, path)
  const named: FoundPlugin = { path, kind: 'named', platform: null }
  assert.deepEqual(await open({}, named), ['xla', 1, 'float32'])
  await isRefused(open({ devices: 99 }, named), /99 devices were asked for, and the plugin has \d+\./)
  assert.deepEqual(await readdir(folder), ['plugin.so'])
})
