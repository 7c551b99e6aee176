import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { type MachineOptions, watchMachine } from '../../../src/processes/machine.ts'
import { fakeClock } from '../../helpers/fake-clock.ts'

const folder = mkdtempSync(join(tmpdir(), 'kappa-machine-'))
after(() => rmSync(folder, { recursive: true }))

const FAKE_TRAINER = join(import.meta.dirname, '../../helpers/fake-trainer.ts')
const FAILED = { type: 'failed', step: 0, code: 'internal', message: 'it is broken' }

/** A child that writes one line into `<name>.calls` and does what the script says. */
function childThat(name: string, script: string) {
  const [entry, calls] = [join(folder, `${name}.mjs`), join(folder, `${name}.calls`)]
  const note = `import { appendFileSync } from 'node:fs'\nappendFileSync(${JSON.stringify(calls)}, 'x')\n`
  writeFileSync(entry, `${note}${script}\n`)
  return { entry, calls: () => (existsSync(calls) ? readFileSync(calls, 'utf8').length : 0) }
}

const watch = (entry: string, options: Partial<MachineOptions> = {}) =>
  watchMachine({
    entry,
    threads: 0,
    clock: systemClock,
    logger: silentLogger,
    signal: new AbortController().signal,
    ...options
  })

test('a machine is what a child says of it, which is asked once', async () => {
  const answer = { type: 'machine', offers: [{ engine: 'fake', kind: 'cpu', devices: 1 }], problem: 'no plugin' }
  const { entry, calls } = childThat(
    'answers',
    `process.on('message', ({ type, threads }) => process.send({ ...${JSON.stringify(answer)}, asked: [type, threads] }))`
  )
  const machine = watch(entry, { threads: 3 })
  const [first, second] = [await machine(), await machine()]
  assert.deepEqual(first, { offers: answer.offers, problem: 'no plugin' })
  assert.equal(second, first)
  assert.equal(calls(), 1)
})

test('the stand-in for a trainer has one processor', async () => {
  const { offers } = await watch(FAKE_TRAINER)()
  assert.deepEqual(
    offers.map(({ engine, kind, devices }) => [engine, kind, devices]),
    [['fake', 'cpu', 1]]
  )
})

test('a child that crashes leaves a machine that trains nothing, with its last words', async () => {
  const crash = "process.stderr.write('cannot map the device\\n', () => process.kill(process.pid, 'SIGSEGV'))"
  const { entry } = childThat('crashes', crash)
  const { offers, problem } = await watch(entry)()
  assert.deepEqual(offers, [])
  assert.equal(problem, 'the process that looked at its engines was killed by SIGSEGV: cannot map the device')
})

test('a failure that a child tells of is the problem', async () => {
  const { entry } = childThat('fails', `process.on('message', () => process.send(${JSON.stringify(FAILED)}))`)
  assert.deepEqual(await watch(entry)(), { offers: [], problem: 'it is broken' })
})

test('a child that hangs in a driver is killed', async () => {
  const clock = fakeClock()
  const { entry, calls } = childThat('hangs', "process.on('message', () => {})")
  const looking = watch(entry, { clock })()
  while (calls() === 0) await new Promise((resolve) => setImmediate(resolve))
  await clock.advance(120_000)
  assert.deepEqual(await looking, { offers: [], problem: 'its engines did not answer within 120 s' })
})

test('a machine that trained nothing is looked at again after a minute', async () => {
  const clock = fakeClock()
  const { entry, calls } = childThat('again', `process.on('message', () => process.send(${JSON.stringify(FAILED)}))`)
  const machine = watch(entry, { clock })
  await machine()
  await clock.advance(59_000)
  await machine()
  assert.equal(calls(), 1)
  await clock.advance(1000)
  await Promise.all([machine(), machine()])
  assert.equal(calls(), 2)
})

test('a look ends when the worker does', async () => {
  const stop = new AbortController()
  const { entry, calls } = childThat('ends', "process.on('message', () => {})")
  const looking = watch(entry, { signal: stop.signal })()
  while (calls() === 0) await new Promise((resolve) => setImmediate(resolve))
  stop.abort()
  assert.deepEqual((await looking).offers, [])
})
