import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { after, before, beforeEach, test } from 'node:test'
import type { XlaClient } from '../../../../src/engine/xla/client.ts'
import { createProgramCache, type ProgramCache } from '../../../../src/engine/xla/program-cache.ts'
import { additionOf, cpuClient, whyNoXla } from '../../../helpers/pjrt.ts'

const SKIP = { skip: whyNoXla }
const CHILD = resolve(import.meta.dirname, 'cache-child.ts')
const PLENTY = 2 ** 30

let root: string
let folder: string
let client: XlaClient
let problems: Error[]

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'kappa-programs-'))
  if (!whyNoXla) client = cpuClient(2)
})
after(() => rm(root, { recursive: true }))
beforeEach(async () => {
  folder = join(await mkdtemp(join(root, 'cache-')), 'programs')
  problems = []
})

const cacheOf = (maxBytes = PLENTY, threads?: number): ProgramCache =>
  createProgramCache({ folder, maxBytes, threads, onProblem: (error) => problems.push(error) })

/** Runs the program as well: what was loaded has to compute. */
async function isCompiled(cache: ProgramCache, size: number, replicas = 1): Promise<boolean> {
  const { executable, isCompiled } = await cache.compile(client, additionOf([size]), { replicas })
  const spec = { dtype: 'float32', shape: [size] } as const
  const put = (value: number, device: number) =>
    client.put(new Float32Array(size).fill(value), spec, client.devices[device]!)
  const args = await Promise.all(
    Array.from({ length: replicas }, async (_, i) => [await put(1, i), await put(2, i)] as const)
  )
  for (const [sum] of await executable.execute(args)) {
    assert.deepEqual(await sum!.read(new Float32Array(size)), new Float32Array(size).fill(3))
  }
  executable.dispose()
  return isCompiled
}

const files = async (): Promise<string[]> => (await readdir(folder)).sort()

test('a program is compiled once, and loaded from then on', SKIP, async () => {
  assert.equal(await isCompiled(cacheOf(), 3), true)
  assert.equal(await isCompiled(cacheOf(), 3), false)
  assert.equal((await files()).length, 1)
  assert.deepEqual(problems, [])
})

test('another text, other options or another number of threads make another program', SKIP, async () => {
  const cache = cacheOf()
  assert.equal(await isCompiled(cache, 3), true)
  assert.equal(await isCompiled(cache, 4), true)
  assert.equal(await isCompiled(cache, 3, 2), true)
  const overrides = { xla_cpu_enable_fast_math: true }
  const other = await cache.compile(client, additionOf([3]), { replicas: 1, overrides })
  assert.equal(other.isCompiled, true)
  assert.equal(await isCompiled(cacheOf(PLENTY, 77), 3), true)
  assert.equal((await files()).length, 5)
})

test('a file that was cut or changed is compiled again', SKIP, async () => {
  const cache = cacheOf()
  await isCompiled(cache, 3)
  const path = join(folder, (await files())[0]!)
  const whole = await readFile(path)
  const changed = Buffer.from(whole)
  changed[whole.length - 1]! ^= 1
  for (const damage of [() => truncate(path, 100), () => truncate(path, 0), () => writeFile(path, changed)]) {
    await damage()
    assert.equal(await isCompiled(cache, 3), true)
    assert.equal(await isCompiled(cache, 3), false)
  }
})

test('a whole file that the plugin refuses is compiled again', SKIP, async () => {
  const cache = cacheOf()
  await isCompiled(cache, 3)
  const path = join(folder, (await files())[0]!)
  const stranger = Buffer.from('not a program of this plugin')
  await writeFile(path, Buffer.concat([createHash('sha256').update(stranger).digest(), stranger]))
  assert.equal(await isCompiled(cache, 3), true)
  assert.equal(await isCompiled(cache, 3), false)
})

test('what was not used for longest makes room', SKIP, async () => {
  const cache = cacheOf()
  await isCompiled(cache, 3)
  const [first] = await files()
  await isCompiled(cache, 4)
  const second = (await files()).find((name) => name !== first)!
  // The first was made long ago and the second later; then the first is used.
  await utimes(join(folder, first!), 1000, 1000)
  await utimes(join(folder, second), 2000, 2000)
  await isCompiled(cache, 3)
  const { size } = await stat(join(folder, first!))
  assert.equal(await isCompiled(cacheOf(size * 2.5), 5), true)
  const left = await files()
  assert.equal(left.length, 2)
  assert.ok(left.includes(first!))
})

test('a folder that cannot be written costs the keeping and not the program', SKIP, async () => {
  await writeFile(folder, 'a file in its place')
  assert.equal(await isCompiled(cacheOf(), 3), true)
  assert.match(problems.map(({ message }) => message).join(), /ENOTDIR|EEXIST/)
})

const child = (...sizes: readonly number[]): ChildProcess =>
  spawn(process.execPath, [CHILD, folder, ...sizes.map(String)], { stdio: ['ignore', 'pipe', 'inherit'] })

test('two processes fill the same folder at once', SKIP, async () => {
  const sizes = [3, 4, 5, 6, 7, 8]
  const children = [child(...sizes), child(...sizes)]
  const ends = await Promise.all(children.map((one) => Promise.all([textOf(one.stdout!), once(one, 'exit')])))
  for (const [words, [code]] of ends) {
    assert.equal(code, 0)
    assert.equal(words.trim().split('\n').length, sizes.length)
  }
  assert.equal((await files()).length, sizes.length)
  for (const size of sizes) assert.equal(await isCompiled(cacheOf(), size), false)
})

test('a process that is killed leaves whole programs, and what it began is removed by the next', SKIP, async () => {
  const victim = child(...Array.from({ length: 500 }, (_, i) => i + 1))
  await once(victim.stdout!, 'data')
  victim.kill('SIGKILL')
  await once(victim, 'exit')
  await mkdir(folder, { recursive: true })
  const began = `${'0'.repeat(64)}.xla.${victim.pid}.0.partial`
  const others = `${'0'.repeat(64)}.xla.${process.pid}.999.partial`
  for (const name of [began, others]) await writeFile(join(folder, name), 'half of a progr')
  const kept = (await files()).filter((name) => name.endsWith('.xla')).length
  assert.ok(kept > 0)
  for (let size = 1; size <= kept; size++) assert.equal(await isCompiled(cacheOf(), size), false, `program ${size}`)
  await isCompiled(cacheOf(), 1000)
  assert.deepEqual(
    (await files()).filter((name) => name.endsWith('.partial')),
    [others]
  )
})
