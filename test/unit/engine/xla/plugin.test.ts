import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { isAppError } from '../../../../src/base/errors.ts'
import { addressOf, native, type Pointer, textAt } from '../../../../src/engine/xla/native.ts'
import { FUNCTIONS, isFitVersion, SLOTS_OFFSET } from '../../../../src/engine/xla/pjrt-api.ts'
import { openPlugin } from '../../../../src/engine/xla/plugin.ts'
import { type Fields, sizeOf, structOf } from '../../../../src/engine/xla/structs.ts'
import { whyNoXla, xlaPlugin } from '../../../helpers/pjrt.ts'

const SKIP = { skip: whyNoXla }

const isRefused = (path: string, reason: RegExp): void =>
  assert.throws(
    () => openPlugin(path),
    (error) => isAppError(error, 'engine_unavailable') && reason.test(error.message)
  )

test('a plugin is opened once, whatever it is called, and says which versions it speaks', SKIP, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kappa-plugin-'))
  await symlink(xlaPlugin!, join(folder, 'link.so'))
  const plugin = openPlugin(xlaPlugin!)
  assert.equal(openPlugin(join(folder, 'link.so')), plugin)
  assert.match(plugin.apiVersion, /^0\.\d+$/)
  assert.equal((plugin.attributes['stablehlo_current_version'] as number[]).length, 3)
  await rm(folder, { recursive: true })
})

test('what is no plugin is refused with the reason', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kappa-plugin-'))
  isRefused(join(folder, 'none.so'), /none\.so cannot be used: there is no such file/)
  await writeFile(join(folder, 'text.so'), 'not a library')
  isRefused(join(folder, 'text.so'), /text\.so cannot be used: .*(file too short|invalid ELF header|not a mach-o)/)
  await rm(folder, { recursive: true })
})

test('a later minor version is let in, an earlier one or another major is not', () => {
  const fit = [
    [0, 114],
    [0, 115],
    [0, 116],
    [1, 115]
  ].map(([major, minor]) => isFitVersion({ major: major!, minor: minor! }))
  assert.deepEqual(fit, [false, true, true, false])
})

test('no struct of ours is smaller than the plugin expects', SKIP, () => {
  openPlugin(xlaPlugin!)
  const table = native().load(xlaPlugin!).func('void *GetPjrtApi()')() as Pointer
  const prototype = native().proto('void *(void *arguments)')
  const functionAt = (slot: number) =>
    native().decode(native().decode(table, SLOTS_OFFSET + 8 * slot, 'void *'), prototype) as (a: Uint8Array) => Pointer

  /** A struct that says it holds nothing but its size is refused in words that say what it should be. */
  function expectedSize(slot: number): number {
    const error = functionAt(slot)(new Uint8Array(BigUint64Array.of(8n, 0n).buffer))
    const words = structOf(FUNCTIONS.Error_Message.fields, { error })
    functionAt(FUNCTIONS.Error_Message.slot)(words.bytes)
    const { message, message_size } = words.read()
    const text = textAt(message, message_size)
    functionAt(FUNCTIONS.Error_Destroy.slot)(structOf(FUNCTIONS.Error_Destroy.fields, { error }).bytes)
    return Number(/expected (\d+), got 8/.exec(text)?.[1])
  }

  for (const [name, { slot, fields, ...rest }] of Object.entries(FUNCTIONS)) {
    // These cannot refuse.
    if ('isVoid' in rest || name === 'Plugin_Initialize') continue
    // Only a plugin that compiles without a device has topologies.
    if (name.startsWith('TopologyDescription_')) continue
    const expected = expectedSize(slot)
    assert.ok(expected <= sizeOf(fields as Fields), `${name}: ${expected} expected, ${sizeOf(fields as Fields)} given`)
  }
})

test('a process that has used a plugin ends as if it had not', SKIP, async () => {
  const source = `
    const { createXlaClient } = await import(${JSON.stringify(resolve(import.meta.dirname, '../../../../src/engine/xla/client.ts'))})
    const { additionOf } = await import(${JSON.stringify(resolve(import.meta.dirname, '../../../helpers/pjrt.ts'))})
    const client = createXlaClient({ plugin: ${JSON.stringify(xlaPlugin)}, options: { cpu_device_count: 2 } })
    await client.compile(additionOf([3]), { replicas: 2 })
    console.log('used')
  `
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', source])
  assert.equal(stdout, 'used\n')
})

test('a struct lies as C compilers lay it, and points to the bytes of its arrays', () => {
  const fields = { flag: 'bool', count: 'size', kind: 'int32', array: 'pointer', last: 'bool' } as const
  const array = new Float32Array(6).subarray(2)
  const struct = structOf(fields, { flag: true, count: 3, kind: -1, array })
  const view = new DataView(struct.bytes.buffer)
  assert.equal(view.getBigUint64(0, true), 49n, 'up to the last field, without padding')
  assert.deepEqual([view.getUint8(16), view.getBigUint64(24, true), view.getInt32(32, true)], [1, 3n, -1])
  assert.equal(view.getBigUint64(40, true), addressOf(array.buffer as unknown as Uint8Array) + 8n)
  assert.deepEqual(struct.read(), { flag: true, count: 3, kind: -1, array: addressOf(array), last: false })
})
