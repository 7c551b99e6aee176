/** A run whose trainer and then whose worker are killed ends in the same state, bit for bit, as one that was left alone. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createExampleDataset, SMALL_RUN } from '../helpers/journeys.ts'
import { type Platform, type Reply, startPlatform } from '../helpers/platform.ts'
import { descendantsOf } from '../helpers/process-tree.ts'

const LEASE_S = '3'
/** 2500 steps of 6 ms on two idle cores: long enough to be interrupted three times. */
const HYPERPARAMETERS = { epochs: 80 }
const FINAL = ['succeeded', 'failed', 'cancelled']

describe('a run whose processes are killed', { skip: process.platform !== 'linux' && 'needs /proc' }, () => {
  let platform: Platform
  let dataset: string
  const hooks: (() => Promise<void>)[] = []

  before(async () => {
    platform = await startPlatform({ after: (hook) => void hooks.push(hook) }, { KAPPA_LEASE_S: LEASE_S })
    ;({ id: dataset } = await createExampleDataset(platform, 40))
  })
  after(async () => {
    for (const hook of hooks) await hook()
    assert.deepEqual(descendantsOf(process.pid), [], 'no process is left')
  })

  const start = async (): Promise<string> => {
    const json = { ...SMALL_RUN, dataset: `${dataset}@1`, hyperparameters: HYPERPARAMETERS }
    const created = await platform.call('POST', '/v1/runs', { json })
    assert.equal(created.status, 202, created.text)
    return created.json.id
  }

  const checkpointsOf = async (run: string) => (await platform.call('GET', `/v1/runs/${run}/checkpoints`)).json.data

  /** Its model is waited for as well: an export runs in a trainer, too, and is not meant. Returns the last state's hash. */
  const finish = async (run: string): Promise<string> => {
    const { status, error, model } = await platform.waitFor(`/v1/runs/${run}`, (json) => FINAL.includes(json.status))
    assert.equal(status, 'succeeded', JSON.stringify(error))
    await platform.waitFor(`/v1/models/${model}`, (json) => json.status === 'ready')
    const [newest] = await checkpointsOf(run)
    return newest.state_hash
  }

  const send = (signal: NodeJS.Signals, entry: string): void => {
    const found = descendantsOf(platform.child.pid).find(({ command }) => command.includes(`src/bin/${entry}`))
    assert.ok(found, `${entry} is running`)
    process.kill(found.pid, signal)
  }

  /** Until a trainer has got further than `step`; returns where it is. */
  const passes = async (run: string, step: number): Promise<number> => {
    const isFurther = ({ status, progress }: Reply['json']) => {
      assert.ok(!FINAL.includes(status), `the run has ${status} before it could be interrupted: it is too short`)
      return status === 'running' && progress.step > step
    }
    return (await platform.waitFor(`/v1/runs/${run}`, isFurther)).progress.step
  }

  it('ends in the state of an undisturbed one', async () => {
    const undisturbed = await finish(await start())
    const run = await start()

    await passes(run, 0)
    // Asked to end, it saves: from here on there is a checkpoint to go on from.
    send('SIGTERM', 'trainer.ts')
    const [saved] = (await platform.waitFor(`/v1/runs/${run}/checkpoints`, ({ data }) => data.length > 0)).data
    await passes(run, saved.step)
    send('SIGKILL', 'trainer.ts')
    await platform.waitFor(`/v1/runs/${run}`, ({ status }) => status !== 'running')
    await passes(run, saved.step)
    send('SIGKILL', 'worker.ts')
    assert.equal(await finish(run), undisturbed)

    const events = (await platform.call('GET', `/v1/runs/${run}/events?limit=100`)).json.data
    const reasons = events.map((event: { data: { status_reason?: string } }) => event.data.status_reason)
    assert.ok(reasons.includes('preempted'), 'the run says that its trainer was told to end')
    assert.ok(reasons.includes('trainer_killed'), 'the run says that its trainer was killed')
    assert.ok(reasons.includes('worker_lost'), 'the run says that its worker was lost')

    const { total_steps: steps } = (await platform.call('GET', `/v1/runs/${run}`)).json.progress
    const metrics = (await platform.call('GET', `/v1/runs/${run}/metrics?keys=loss&max_points=5000`)).json
    const [loss] = metrics.series
    assert.deepEqual(
      loss.steps,
      Array.from({ length: steps }, (_, i) => i + 1),
      'one curve, no step twice, none missing'
    )
  })
})
