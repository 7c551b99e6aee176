/** What goes on from a whole training state: forks, and runs that were made longer. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import { createEngine } from '../../../src/engine/create-engine.ts'
import { configOf } from '../../../src/model/export.ts'
import type { CheckpointEvent, TrainEvent } from '../../../src/protocol/training-events.ts'
import { resolveRecipe } from '../../../src/recipe/presets.ts'
import { readCheckpoint } from '../../../src/training/checkpoint.ts'
import { scheduleAt } from '../../../src/training/step/schedule.ts'
import { type TrainOptions, train } from '../../../src/training/train.ts'
import { muRecipe } from '../../helpers/mu-recipe.ts'
import { collect, type LabFolder, labFolder } from './lab-folder.ts'

/** 40 images in batches of 8. */
const STEPS_PER_EPOCH = 5
const engine = createEngine({ threads: 1 })
const { ibot } = resolveRecipe({ preset: 'mu', method: 'ibot' }).hyperparameters
const PARENT = muRecipe(
  { epochs: 2, ibot: ibot!, em: { rate: 0.1, pull: 0.5, kappa: 'fitted' } },
  { method: 'ibot-vmf' }
)
const withFields = (changes: Parameters<typeof muRecipe>[0]) => ({
  ...PARENT,
  hyperparameters: { ...PARENT.hyperparameters, ...changes }
})

const run = (lab: LabFolder, out: string, options: Partial<TrainOptions> = {}): Promise<TrainEvent[]> =>
  collect(
    train({
      recipe: PARENT,
      engine,
      clock: systemClock,
      loaders: 1,
      datasetFolder: lab.dataset,
      outFolder: lab.at(out),
      ...options
    })
  )

const checkpointsOf = (events: readonly TrainEvent[]) =>
  events.filter((event): event is CheckpointEvent => event.type === 'checkpoint')

async function filesOf({ folder, files }: CheckpointEvent): Promise<Record<string, string>> {
  const read = files.map(async ({ path }) => [path, (await readFile(join(folder, path))).toString('base64')] as const)
  return Object.fromEntries(await Promise.all(read))
}

const ratesOf = (events: readonly TrainEvent[]) =>
  events.flatMap((event) => (event.type === 'step' ? [[event.step, event.metrics['learning_rate']]] : []))

test('a fork that changes nothing ends in the weights, moments and windows of its parent, bit for bit', async (t) => {
  const lab = await labFolder(t)
  const parent = checkpointsOf(await run(lab, 'parent', { checkpointEverySteps: 3 }))
  const fork = await run(lab, 'fork', { resumeFrom: parent[0]!.folder, isFork: true })
  assert.deepEqual(fork[0]?.type === 'started' && fork[0].step, 3)
  assert.deepEqual(await filesOf(checkpointsOf(fork).at(-1)!), await filesOf(parent.at(-1)!))
})

test('a run that is made longer goes on at once by the schedules of its new length', async (t) => {
  const lab = await labFolder(t)
  const [end] = checkpointsOf(await run(lab, 'short')).slice(-1)
  const recipe = withFields({ epochs: 4 })
  const events = await run(lab, 'longer', { recipe, resumeFrom: end!.folder, isFork: true })
  assert.deepEqual(
    ratesOf(events),
    Array.from({ length: 10 }, (_, i) => [11 + i, scheduleAt(recipe, 10 + i, STEPS_PER_EPOCH).learningRate])
  )
  assert.ok(scheduleAt(recipe, 10, STEPS_PER_EPOCH).learningRate > 20 * PARENT.hyperparameters.minLearningRate)
  assert.deepEqual(events.at(-1), { type: 'done', step: 20, reason: 'completed' })
})

test('a longer run that is stopped on the way ends as if it had not been', async (t) => {
  const lab = await labFolder(t)
  const [end] = checkpointsOf(await run(lab, 'short')).slice(-1)
  const longer = { recipe: withFields({ epochs: 3, learningRate: 2e-3 }), isFork: true }
  const whole = checkpointsOf(await run(lab, 'whole', { ...longer, resumeFrom: end!.folder }))
  const [half] = checkpointsOf(await run(lab, 'half', { ...longer, resumeFrom: end!.folder, maxSteps: 2 })).slice(-1)
  const rest = checkpointsOf(await run(lab, 'rest', { ...longer, resumeFrom: half!.folder }))
  assert.deepEqual(await filesOf(rest.at(-1)!), await filesOf(whole.at(-1)!))
})

test('a fork whose prototypes are others is stopped and goes on as if it had not been, and tells of them in its model', async (t) => {
  const lab = await labFolder(t)
  const [end] = checkpointsOf(await run(lab, 'short')).slice(-1)
  const surgery = { merge: [[3, 7]], split: [9], drop: [5] }
  const longer = { recipe: withFields({ epochs: 3 }), isFork: true }
  const whole = checkpointsOf(await run(lab, 'whole', { ...longer, surgery, resumeFrom: end!.folder })).at(-1)!
  const [half] = checkpointsOf(
    await run(lab, 'half', { ...longer, surgery, resumeFrom: end!.folder, maxSteps: 2 })
  ).slice(-1)
  const rest = checkpointsOf(await run(lab, 'rest', { ...longer, resumeFrom: half!.folder })).at(-1)!
  assert.deepEqual(await filesOf(rest), await filesOf(whole))
  const plain = checkpointsOf(await run(lab, 'plain', { ...longer, resumeFrom: end!.folder })).at(-1)!
  assert.notEqual(plain.stateHash, whole.stateHash)
  assert.deepEqual(configOf(await readCheckpoint(whole.folder)).surgeries, [surgery])
  assert.equal(configOf(await readCheckpoint(plain.folder)).surgeries, undefined)
})

test('another recipe is refused where the run is no fork, and in a fork where the state is of another kind', async (t) => {
  const lab = await labFolder(t)
  const [end] = checkpointsOf(await run(lab, 'short')).slice(-1)
  const resumeFrom = end!.folder
  const refused = { code: 'checkpoint_invalid' }
  await assert.rejects(run(lab, 'a', { recipe: withFields({ epochs: 3 }), resumeFrom }), refused)
  const batched = run(lab, 'b', { recipe: withFields({ epochs: 3, batchSize: 4 }), resumeFrom, isFork: true })
  await assert.rejects(batched, { ...refused, message: /batchSize is 8 in the checkpoint, 4 now/ })
})
