/**
 * N steps straight, and the same run with its trainer killed by `kill -9` at a step drawn at random and begun again in a
 * new process, with another number of loaders: weights, moments, centers and metrics are equal, bit for bit. Every run of
 * the tests draws anew; `KAPPA_TEST_SEED` repeats one.
 */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Prng } from '../../../src/math/prng.ts'
import type { TrainerEvent, TrainRequest } from '../../../src/protocol/trainer-messages.ts'
import type { CheckpointEvent, StepEvent } from '../../../src/protocol/training-events.ts'
import { resolveRecipe } from '../../../src/recipe/presets.ts'
import type { Method, Recipe } from '../../../src/recipe/schema.ts'
import { findLatestCheckpoint } from '../../../src/training/checkpoint.ts'
import { muRecipe } from '../../helpers/mu-recipe.ts'
import { seeded, TEST_SEED } from '../../helpers/seeded.ts'
import { forkLab, type LabFolder, labFolder, TRAINER } from './lab-folder.ts'

/** 40 images in batches of 8: 5 steps an epoch. */
const EPOCHS = 5
const STEPS = 5 * EPOCHS

const { ibot } = resolveRecipe({ preset: 'mu', method: 'ibot' }).hyperparameters

const RECIPES: readonly (readonly [Method, Recipe])[] = [
  ['dino', muRecipe({ epochs: EPOCHS, normalizeLastLayer: true, centering: 'logit' }, { method: 'dino' })],
  ['dino-vmf', muRecipe({ epochs: EPOCHS })],
  ['ibot-vmf', muRecipe({ epochs: EPOCHS, ibot: ibot! }, { method: 'ibot-vmf' })]
]

interface Draw {
  /** The trainer is killed when it has told of this step, or up to `delayMs` later. */
  readonly killStep: number
  readonly delayMs: number
  readonly checkpointEverySteps: number
  readonly loaders: readonly [number, number]
}

function draw(random: Prng): Draw {
  const killStep = 1 + random.integer(STEPS - 1)
  const first = random.integer(4)
  return {
    killStep,
    delayMs: random.integer(30),
    checkpointEverySteps: 1 + random.integer(killStep),
    loaders: [first, (first + 1 + random.integer(3)) % 4]
  }
}

const isStep = (event: TrainerEvent): event is StepEvent => event.type === 'step'
const isCheckpoint = (event: TrainerEvent): event is CheckpointEvent => event.type === 'checkpoint'

/** Metrics without the ones that depend on the time of day. */
const numbersOf = ({ step, metrics }: StepEvent) => {
  const { images_per_second: _rate, data_wait_share: _wait, ...numbers } = metrics
  return [step, numbers] as const
}

/** By step; a step that was taken twice, before and after the kill, must have had the same numbers. */
function numbersByStep(events: readonly TrainerEvent[]): Map<number, object> {
  const numbers = new Map<number, object>()
  for (const [step, metrics] of events.filter(isStep).map(numbersOf)) {
    if (numbers.has(step)) assert.deepEqual(metrics, numbers.get(step), `step ${step} was not repeated`)
    numbers.set(step, metrics)
  }
  return numbers
}

async function finish(t: TestContext, request: TrainRequest): Promise<readonly TrainerEvent[]> {
  const { child, exited, received } = forkLab<TrainerEvent>(t, TRAINER)
  child.send(request)
  assert.deepEqual(await exited, { code: 0, signal: null })
  return received
}

/** What the process had told when it was killed; it may have ended by itself when the kill comes late. */
async function startAndKill(t: TestContext, request: TrainRequest, drawn: Draw): Promise<readonly TrainerEvent[]> {
  const { child, exited, received, find } = forkLab<TrainerEvent>(t, TRAINER)
  child.send(request)
  await find((event): event is StepEvent => isStep(event) && event.step === drawn.killStep)
  await sleep(drawn.delayMs)
  child.kill('SIGKILL')
  await exited
  return received
}

async function interrupted(t: TestContext, lab: LabFolder, request: TrainRequest, drawn: Draw) {
  const { checkpointEverySteps, loaders } = drawn
  const halves = { ...request, outFolder: lab.at('halves'), checkpointEverySteps }
  const before = await startAndKill(t, { ...halves, loaders: loaders[0] }, drawn)
  const { folder, skipped } = await findLatestCheckpoint(halves.outFolder)
  assert.deepEqual(skipped, [], 'a killed trainer left a damaged checkpoint')
  // Killed before its first checkpoint was whole, a run begins again.
  const after = await finish(t, { ...halves, loaders: loaders[1], ...(folder !== null && { resumeFrom: folder }) })
  const [started] = after
  assert.ok(started?.type === 'started' && started.step % checkpointEverySteps === 0)
  if (drawn.killStep > checkpointEverySteps) assert.ok(started.step > 0, 'a killed trainer left no checkpoint')
  return [...before, ...after]
}

const filesOf = async (events: readonly TrainerEvent[]): Promise<Record<string, Buffer>> => {
  const { folder, files } = events.filter(isCheckpoint).at(-1)!
  const contents = files.map(async ({ path }) => [path, await readFile(join(folder, path))] as const)
  return Object.fromEntries(await Promise.all(contents))
}

for (const [i, [method, recipe]] of RECIPES.entries()) {
  const drawn = draw(seeded(i))
  const { killStep, checkpointEverySteps, loaders } = drawn
  const how = `killed after step ${killStep} of ${STEPS}, checkpoints every ${checkpointEverySteps}, ${loaders.join(' then ')} loaders`

  test(`${method}, ${how}, ends as if it had never been killed (KAPPA_TEST_SEED=${TEST_SEED})`, async (t) => {
    const lab = await labFolder(t)
    const fixed = { type: 'train', recipe, datasetFolder: lab.dataset, threads: 1 } as const
    const straight = await finish(t, { ...fixed, outFolder: lab.at('straight'), loaders: 1 })
    const halves = await interrupted(t, lab, { ...fixed, outFolder: lab.at('halves') }, drawn)
    assert.deepEqual(numbersByStep(halves), numbersByStep(straight))
    const [expected, found] = [await filesOf(straight), await filesOf(halves)]
    assert.deepEqual(Object.keys(found), Object.keys(expected))
    for (const [path, content] of Object.entries(expected)) assert.ok(found[path]!.equals(content), `${path} differs`)
  })
}
