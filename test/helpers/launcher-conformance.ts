/** What every launcher has to keep, whatever engine it has. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { newId } from '../../src/base/ids.ts'
import {
  type Launched,
  type Launcher,
  LauncherUnavailable,
  type LaunchState,
  type LegOrder
} from '../../src/launching/launcher.ts'
import { legName } from '../../src/launching/leg-name.ts'

export interface LauncherBench {
  readonly launcher: Launcher
  /** Another process with the same engine; null where places live with their process. */
  readonly other: Launcher | null
  readonly installation: string
  /** Places that the engine has begun or will begin. */
  countPlaces(): Promise<number>
  /** The engine lets it run; resolves when its worker is up. */
  begin(launched: Launched): Promise<void>
  /** Its worker ends with this exit code. */
  finish(launched: Launched, exitCode: number): Promise<void>
  /** Its worker is gone without a word. */
  lose(launched: Launched): Promise<void>
  /** Nobody can reach the engine any more; not asked of this machine. */
  readonly cut?: () => Promise<void>
}

export interface ConformanceOptions {
  /** Why it cannot be run here. */
  readonly skip?: string | false
  /** This machine is never out of reach. */
  readonly isRemote?: boolean
  /** Of an engine that tells them. */
  readonly tellsExitCodes?: boolean
}

export const anOrder = (patch: Partial<LegOrder> = {}): LegOrder => ({
  runId: newId('run'),
  projectId: newId('project'),
  epoch: 1,
  attempt: 1,
  device: 'cpu',
  devices: 1,
  memoryBytes: 2 ** 31,
  deviceMemoryBytes: null,
  maxRuntimeS: 3600,
  priority: 0,
  ...patch
})

/** Engines have their own clocks: asks again until it holds. */
export async function sees(launcher: Launcher, launched: Launched, states: readonly LaunchState[], withinS = 30) {
  const deadline = performance.now() + withinS * 1000
  for (;;) {
    const sight = await launcher.look(launched)
    if (states.includes(sight.state)) return sight
    if (performance.now() > deadline)
      assert.fail(`${launched.name} is ${sight.state}, not ${states.join(' or ')}: ${sight.reason}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export function conformsAsLauncher(
  engine: string,
  open: (t: TestContext) => Promise<LauncherBench>,
  { skip = false, isRemote = true, tellsExitCodes = true }: ConformanceOptions = {}
): void {
  const launches = (sentence: string, work: (bench: LauncherBench) => Promise<void>) =>
    test(`${engine}: ${sentence}`, { skip, timeout: 120_000 }, async (t) => work(await open(t)))

  launches('a leg has one place, however often and by whomever it is started', async (bench) => {
    const { launcher, other, installation } = bench
    const order = anOrder()
    const starters = [launcher, other ?? launcher, launcher]
    const places = await Promise.all(starters.map((one) => one.start(order)))
    assert.equal(new Set(places.map(({ id }) => id)).size, 1)
    assert.equal(places[0]?.name, legName(installation, order))
    assert.equal(await bench.countPlaces(), 1)
    await launcher.start({ ...order, attempt: 2 })
    assert.equal(await bench.countPlaces(), 2)
  })

  launches('a place that nobody has started is unknown, and can be stopped', async ({ launcher, installation }) => {
    const launched = { name: legName(installation, anOrder()), id: 'none' }
    assert.deepEqual(await launcher.look(launched), { state: 'unknown', reason: null })
    await launcher.stop(launched)
  })

  launches('a place waits or runs, and runs when its worker does', async (bench) => {
    const launched = await bench.launcher.start(anOrder())
    await sees(bench.launcher, launched, ['waiting', 'running'])
    await bench.begin(launched)
    assert.deepEqual(await sees(bench.launcher, launched, ['running']), { state: 'running', reason: null })
  })

  launches('what has ended well is remembered without a reason, and is not begun again', async (bench) => {
    const { launcher } = bench
    const order = anOrder()
    const launched = await launcher.start(order)
    await bench.begin(launched)
    await bench.finish(launched, 0)
    assert.deepEqual(await sees(launcher, launched, ['ended']), { state: 'ended', reason: null })
    assert.equal((await launcher.start(order)).name, launched.name)
    assert.equal((await launcher.look(launched)).state, 'ended')
  })

  launches('what has failed says how', async (bench) => {
    const launched = await bench.launcher.start(anOrder())
    await bench.begin(launched)
    await bench.finish(launched, 3)
    const { reason } = await sees(bench.launcher, launched, ['ended'])
    if (tellsExitCodes) assert.match(reason ?? '', /exit code 3/)
    else assert.notEqual(reason, null)
  })

  launches('a worker that is lost does not run for ever', async (bench) => {
    const launched = await bench.launcher.start(anOrder())
    await bench.begin(launched)
    await bench.lose(launched)
    const { state, reason } = await sees(bench.launcher, launched, ['ended', 'unknown'])
    if (state === 'ended') assert.notEqual(reason, null)
  })

  launches('what is stopped ends, also before it has begun, and may be stopped again', async (bench) => {
    const { launcher } = bench
    const running = await launcher.start(anOrder())
    await bench.begin(running)
    const waiting = await launcher.start(anOrder())
    for (const one of [running, waiting, running]) await launcher.stop(one)
    for (const one of [running, waiting]) await sees(launcher, one, ['ended', 'unknown'])
  })

  launches('everything of this installation is listed as it is seen, and nothing of another', async (bench) => {
    const { launcher, other, installation } = bench
    const [running, ended] = [await launcher.start(anOrder()), await launcher.start(anOrder({ epoch: 4, attempt: 2 }))]
    await bench.begin(running)
    await bench.begin(ended)
    await bench.finish(ended, 0)
    await sees(launcher, ended, ['ended'])
    for (const one of other === null ? [launcher] : [launcher, other]) {
      const seen = new Map((await one.list()).map(({ name, sight }) => [name, sight.state]))
      assert.deepEqual([seen.get(running.name), seen.get(ended.name)], ['running', 'ended'])
      assert.ok([...seen.keys()].every((name) => name.startsWith(`${installation}-run-`)))
      assert.equal(seen.size, 2)
    }
  })

  launches('a launcher that is closed leaves nothing behind that lives with it, and all else alone', async (bench) => {
    const launched = await bench.launcher.start(anOrder())
    await bench.begin(launched)
    await bench.launcher.close()
    if (bench.other === null) assert.notEqual((await bench.launcher.look(launched)).state, 'running')
    else assert.equal((await bench.other.look(launched)).state, 'running')
  })

  if (!isRemote) return
  launches('an engine that is out of reach is said to be so', async (bench) => {
    assert.ok(bench.cut)
    const launched = await bench.launcher.start(anOrder())
    await bench.cut()
    for (const ask of [
      () => bench.launcher.look(launched),
      () => bench.launcher.list(),
      () => bench.launcher.start(anOrder()),
      () => bench.launcher.stop(launched)
    ])
      await assert.rejects(ask, LauncherUnavailable)
  })
}
