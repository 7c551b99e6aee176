import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { isAppError } from '../../../../src/base/errors.ts'
import { type FoundPlugin, findCompiler, findPlugin } from '../../../../src/engine/xla/find-plugin.ts'
import { manifestPath } from '../../../../src/engine/xla/installed.ts'
import { INSTALLABLE, type InstallableName } from '../../../../src/engine/xla/wheels.ts'

let root: string
let folder: string
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'kappa-plugins-'))
})
beforeEach(async () => {
  folder = await mkdtemp(join(root, 'engines-'))
})
after(() => rm(root, { recursive: true }))

async function fileAt(path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, 'elf')
  return path
}

/** As `install` leaves it, of files of three bytes. */
async function installed(name: InstallableName): Promise<string> {
  const { wheels, plugin } = INSTALLABLE[name]
  const at = join(folder, name)
  const kept = wheels.flatMap((wheel) => wheel.kept)
  for (const path of kept) await fileAt(join(at, path))
  const files = kept.map((path) => ({ path, bytes: 3 }))
  await writeFile(manifestPath(at), JSON.stringify({ engine: name, wheels, files }))
  return join(at, plugin)
}

const found = async (named: string | null, hasGpu: boolean): Promise<FoundPlugin> => {
  const plugin = await findPlugin(named, { folder, hasGpu })
  assert.ok('path' in plugin, JSON.stringify(plugin))
  return plugin
}

async function reason(named: string | null, hasGpu: boolean): Promise<string> {
  const plugin = await findPlugin(named, { folder, hasGpu })
  assert.ok('reason' in plugin, JSON.stringify(plugin))
  return plugin.reason
}

test('without a plugin the reason has the command that brings the one for this machine', async () => {
  assert.equal(await reason(null, false), 'xla-cpu is not installed; npx kappa engine install xla-cpu brings it')
  assert.equal(await reason(null, true), 'xla-cuda is not installed; npx kappa engine install xla-cuda brings it')
})

test('with a GPU its plugin is taken, without one that of the CPU', async () => {
  const [cpu, cuda] = [await installed('xla-cpu'), await installed('xla-cuda')]
  assert.deepEqual(await found(null, true), { path: cuda, kind: 'xla-cuda', platform: 'gpu' })
  assert.deepEqual(await found(null, false), { path: cpu, kind: 'xla-cpu', platform: 'cpu' })
})

test('with a GPU and no plugin for it the CPU’s is taken, and says what is missing', async () => {
  const cpu = await installed('xla-cpu')
  const missing = 'xla-cuda is not installed; npx kappa engine install xla-cuda brings it'
  assert.deepEqual(await found(null, true), { path: cpu, kind: 'xla-cpu', platform: 'cpu', missing })
})

test('what only compiles is not taken for what runs, and a damaged engine is not taken at all', async () => {
  await installed('xla-cuda-aot')
  assert.match(await reason(null, true), /^xla-cuda is not installed/)
  await writeFile(await installed('xla-cpu'), 'longer')
  assert.match(await reason(null, false), /pjrt_c_api_cpu_plugin\.so of xla-cpu is damaged; npx kappa engine install/)
})

test('a named file is taken whatever is installed, and its name tells what it computes on', async () => {
  await installed('xla-cpu')
  for (const [name, platform] of [
    ['xla_cuda_plugin.so', 'gpu'],
    ['xla_rocm_plugin.so', 'gpu'],
    ['pjrt_c_api_gpu_plugin.so', 'gpu'],
    ['pjrt_c_api_cpu_plugin.so', 'cpu'],
    ['libtpu.so', null]
  ] as const) {
    const path = await fileAt(join(root, 'named', name))
    assert.deepEqual(await found(path, false), { path, kind: 'named', platform })
  }
  const none = join(root, 'none.so')
  assert.equal(await reason(none, false), `KAPPA_PJRT_PLUGIN is ${none}, and there is no such file`)
})

test('of a named folder of Python packages the plugin for this machine is taken', async () => {
  const packages = await mkdtemp(join(root, 'site-packages-'))
  assert.match(await reason(packages, true), /neither jax_plugins\/xla_cuda13\/xla_cuda_plugin\.so nor lammps_jax/)
  const cpu = await fileAt(join(packages, 'lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so'))
  assert.equal((await found(packages, true)).path, cpu)
  const cuda = await fileAt(join(packages, 'jax_plugins/xla_cuda13/xla_cuda_plugin.so'))
  assert.equal((await found(packages, true)).path, cuda)
  assert.equal((await found(packages, false)).path, cpu)
})

test('what compiles for a GPU that is not there is a plugin for GPUs that is named, else what is installed', async () => {
  const refusal = (error: unknown) =>
    isAppError(error, 'engine_unavailable') && /npx kappa engine install xla-cuda-aot brings it\.$/.test(error.message)
  await assert.rejects(findCompiler(null, folder), refusal)
  const cpu = await fileAt(join(root, 'pjrt_c_api_cpu_plugin.so'))
  await assert.rejects(findCompiler(cpu, folder), refusal)
  const whole = await installed('xla-cuda')
  assert.equal(await findCompiler(null, folder), whole)
  const compiler = await installed('xla-cuda-aot')
  assert.equal(await findCompiler(null, folder), compiler)
  assert.equal(await findCompiler(cpu, folder), compiler)
  const named = await fileAt(join(root, 'xla_cuda_plugin.so'))
  assert.equal(await findCompiler(named, folder), named)
})
