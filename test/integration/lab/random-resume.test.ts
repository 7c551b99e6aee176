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
import type { Recipe } from '../../../src/recipe/schema.ts'
import { findLatestCheckpoint } from '../../../src/training/checkpoint.ts'
import { muRecipe } from '../../helpers/mu-recipe.ts'
import { whyNoXla, xlaPlugin } from '../../helpers/pjrt.ts'
import { seeded, TEST_SEED } from '../../helpers/seeded.ts'
import { CACHE_FOLDER } from '../../helpers/xla.ts'
import { forkLab, type LabFolder, labFolder, TRAINER } from './lab-folder.ts'

/** 40 images in batches of 8: 5 steps an epoch. */
const EPOCHS = 5
const STEPS = 5 * EPOCHS

const { ibot } = resolveRecipe({ preset: 'mu', method: 'ibot' }).hyperparameters

interface Case {
  readonly label: string
  readonly recipe: Recipe
  readonly devices?: number
  /** Of the trainers. */
  readonly environment?: Readonly<Record<string, string>>
}

/** Its average over steps is state too. */
const em = { rate: 0.1, pull: 0.5, kappa: 'fitted' } as const
const IBOT_VMF = muRecipe({ epochs: EPOCHS, ibot: ibot!, em }, { method: 'ibot-vmf' })
/** Each process opens the plugin anew; the first compiles, the others load what it has compiled. */
const XLA = { KAPPA_ENGINE: 'xla', KAPPA_PJRT_PLUGIN: xlaPlugin ?? '', KAPPA_CACHE: CACHE_FOLDER }

const CASES: readonly Case[] = [
  {
    label: 'dino',
    recipe: muRecipe({ epochs: EPOCHS, normalizeLastLayer: true, centering: 'logit' }, { method: 'dino' })
  },
  { label: 'dino-vmf', recipe: muRecipe({ epochs: EPOCHS }) },
  { label: 'ibot-vmf with expectation-maximization', recipe: IBOT_VMF },
  { label: 'ibot-vmf with expectation-maximization on xla', recipe: IBOT_VMF, environment: XLA },
  { label: 'dino-vmf on 4 devices of xla', recipe: muRecipe({ epochs: EPOCHS }), environment: XLA, devices: 4 }
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

interface World {
  readonly t: TestContext
  readonly lab: LabFolder
  readonly environment: Case['environment']
}

async function finish({ t, environment }: World, request: TrainRequest): Promise<readonly TrainerEvent[]> {
  const { child, exited, received } = forkLab<TrainerEvent>(t, TRAINER, [], environment)
  child.send(request)
  assert.deepEqual(await exited, { code: 0, signal: null })
  return received
}

/** What the process had told when it was killed; it may have ended by itself when the kill comes late. */
async function startAndKill(
  { t, environment }: World,
  request: TrainRequest,
  drawn: Draw
): Promise<readonly TrainerEvent[]> {
  const { child, exited, received, find } = forkLab<TrainerEvent>(t, TRAINER, [], environment)
  child.send(request)
  await find((event): event is StepEvent => isStep(event) && event.step === drawn.killStep)
  await sleep(drawn.delayMs)
  child.kill('SIGKILL')
  await exited
  return received
}

async function interrupted(world: World, request: TrainRequest, drawn: Draw) {
  const { checkpointEverySteps, loaders } = drawn
  const halves = { ...request, outFolder: world.lab.at('halves'), checkpointEverySteps }
  const before = await startAndKill(world, { ...halves, loaders: loaders[0] }, drawn)
  const { folder, skipped } = await findLatestCheckpoint(halves.outFolder)
  assert.deepEqual(skipped, [], 'a killed trainer left a damaged checkpoint')
  // Killed before its first checkpoint was whole, a run begins again.
  const after = await finish(world, { ...halves, loaders: loaders[1], ...(folder !== null && { resumeFrom: folder }) })
  const [started] = after
  assert.ok(started?.type === 'started')
  // One that was killed too late has its last checkpoint.
  assert.ok(started.step % checkpointEverySteps === 0 || started.step === STEPS, `step ${started.step}`)
  if (drawn.killStep > checkpointEverySteps) assert.ok(started.step > 0, 'a killed trainer left no checkpoint')
  return [...before, ...after]
}

const filesOf = async (events: readonly TrainerEvent[]): Promise<Record<string, Buffer>> => {
  const { folder, files } = events.filter(isCheckpoint).at(-1)!
  const contents = files.map(async ({ path }) => [path, await readFile(join(folder, path))] as const)
  return Object.fromEntries(await Promise.all(contents))
}

for (const [i, { label, recipe, devices = 1, environment }] of CASES.entries()) {
  const drawn = draw(seeded(i))
  const { killStep, checkpointEverySteps, loaders } = drawn
  const how = `killed after step ${killStep} of ${STEPS}, checkpoints every ${checkpointEverySteps}, ${loaders.join(' then ')} loaders`
  const skip = environment === XLA && whyNoXla

  test(`${label}, ${how}, ends as if it had never been killed (KAPPA_TEST_SEED=${TEST_SEED})`, { skip }, async (t) => {
    const lab = await labFolder(t)
    const world = { t, lab, environment }
    const fixed = { type: 'train', recipe, datasetFolder: lab.dataset, threads: 1, devices } as const
    const straight = await finish(world, { ...fixed, outFolder: lab.at('straight'), loaders: 1 })
    const halves = await interrupted(world, { ...fixed, outFolder: lab.at('halves') }, drawn)
    assert.deepEqual(numbersByStep(halves), numbersByStep(straight))
    const [expected, found] = [await filesOf(straight), await filesOf(halves)]
    assert.deepEqual(Object.keys(found), Object.keys(expected))
    for (const [path, content] of Object.entries(expected)) assert.ok(found[path]!.equals(content), `${path} differs`)
  })
}
