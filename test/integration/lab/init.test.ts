/** Runs that begin from weights: a model, a checkpoint, weights of others. */
import assert from 'node:assert/strict'
import { appendFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import { isAppError } from '../../../src/base/errors.ts'
import { createEngine } from '../../../src/engine/create-engine.ts'
import { openOnnxFile } from '../../../src/engine/onnx-session.ts'
import { exportModel } from '../../../src/model/export.ts'
import { describeInit, initOf } from '../../../src/model/init-source.ts'
import { readModelConfig } from '../../../src/protocol/model-folder.ts'
import type { TrainEvent } from '../../../src/protocol/training-events.ts'
import { type ResolvedInit, resolveInit } from '../../../src/recipe/init.ts'
import type { InitHead } from '../../../src/recipe/init-record.ts'
import { type RecipeRequest, resolveRecipe } from '../../../src/recipe/presets.ts'
import type { Hyperparameters } from '../../../src/recipe/schema.ts'
import { readCheckpoint } from '../../../src/training/checkpoint.ts'
import { type TrainOptions, train } from '../../../src/training/train.ts'
import { muRecipe } from '../../helpers/mu-recipe.ts'
import { collect, type LabFolder, labFolder, runKappa } from './lab-folder.ts'

const engine = createEngine({ threads: 1 })
const { preset, method, hyperparameters } = muRecipe({ epochs: 2 })
const REQUEST = {
  preset,
  method,
  hyperparameters: { ...hyperparameters, teacherTemperature: [0.05, 0.05, 0] as [number, number, number] }
}

/** What networks may have that came after DINO's. */
const NEWER: Readonly<Record<string, Pick<Hyperparameters, 'registers' | 'feedForward' | 'positions'>>> = {
  'registers and swiglu': { registers: 3, feedForward: 'swiglu' },
  swiglu: { feedForward: 'swiglu' },
  'registers and rotary positions': { registers: 4, positions: 'rotary' },
  'swiglu and rotary positions': { feedForward: 'swiglu', positions: 'rotary' }
}

let lab: LabFolder
/** Of 12 epochs; its checkpoint and its model. */
let firstCheckpoint: string
let model: string
/** Of the last two epochs. */
let lastEntropies: number[]

before(async () => {
  lab = await labFolder({ after: (cleanUp) => process.once('exit', () => void cleanUp()) })
  const recipe = muRecipe({ epochs: 12 })
  const events = await run('first', { recipe })
  firstCheckpoint = lastCheckpoint(events)
  lastEntropies = entropies(events).slice(-10)
  model = lab.at('model')
  await exported(firstCheckpoint, model)
})

const exported = (checkpointFolder: string, outFolder: string) =>
  collect(
    exportModel({
      checkpointFolder,
      datasetFolder: lab.dataset,
      outFolder,
      engine,
      openOnnxFile: (path) => openOnnxFile(path, { threads: 1 })
    })
  )

const run = (out: string, options: Pick<TrainOptions, 'recipe'> & Partial<TrainOptions>): Promise<TrainEvent[]> =>
  collect(
    train({ engine, clock: systemClock, loaders: 1, datasetFolder: lab.dataset, outFolder: lab.at(out), ...options })
  )

async function resolved(path: string, head?: InitHead, request: Partial<typeof REQUEST> = {}): Promise<ResolvedInit> {
  const choose = (asked: RecipeRequest) => ({ recipe: resolveRecipe(asked), reasons: [] })
  return resolveInit({ ...REQUEST, ...request }, { subject: await describeInit(path), head }, choose)
}

const begin = ({ recipe, init }: ResolvedInit, path = init.from) => ({
  recipe,
  init: initOf({ record: init, path }, recipe.hyperparameters.crops.global.size)
})

const lastCheckpoint = (events: readonly TrainEvent[]): string =>
  events.findLast((event) => event.type === 'checkpoint')!.folder
const entropies = (events: readonly TrainEvent[]): number[] =>
  events.flatMap((event) => (event.type === 'step' ? [event.metrics['teacher_entropy']!] : []))
const hashOf = (events: readonly TrainEvent[]): string =>
  events.findLast((event) => event.type === 'checkpoint')!.stateHash

test('a run that begins from a model begins with a teacher as sure as its run ended with', async () => {
  const plan = await resolved(model)
  assert.equal(plan.init.head, 'taken')
  const [fresh] = entropies(await run('fresh', { recipe: plan.recipe, maxSteps: 1 }))
  const [going] = entropies(await run('going', { ...begin(plan), maxSteps: 1 }))
  // The same teacher on another batch.
  const [least, most] = [Math.min(...lastEntropies), Math.max(...lastEntropies)]
  assert.ok(going! > least - 0.1 && going! < most + 0.1, `${going}, not from ${least} to ${most}`)
  assert.ok(fresh! < least - 0.5, `${fresh}`)
})

test('the model and the checkpoint that it was made of are the same beginning', async () => {
  const [ofModel, ofCheckpoint] = [await resolved(model), await resolved(firstCheckpoint)]
  assert.deepEqual([ofModel.init.source, ofCheckpoint.init.source], ['model', 'checkpoint'])
  const states = []
  for (const [out, plan] of [['of-model', ofModel] as const, ['of-checkpoint', ofCheckpoint] as const]) {
    const recipe = { ...plan.recipe, hyperparameters: { ...plan.recipe.hyperparameters, epochs: 0, warmupEpochs: 0 } }
    states.push((await readCheckpoint(lastCheckpoint(await run(out, begin({ ...plan, recipe }))))).tensors)
  }
  assert.deepEqual(states[0], states[1])
  const { tensors } = await readCheckpoint(firstCheckpoint)
  assert.deepEqual(states[0]!['student.backbone.cls_token'], tensors['teacher.backbone.cls_token'])
  assert.deepEqual(states[0]!['teacher.head.last_layer.weight_v'], tensors['teacher.head.last_layer.weight_v'])
  assert.deepEqual(states[0]!['center.cls'], tensors['center.cls'])
})

for (const head of ['taken', 'seeded'] as const) {
  test(`interrupted and gone on with, a run with a ${head} head ends as one left alone, and reads its init once`, async () => {
    const plan = await resolved(model, head)
    const alone = await run(`alone-${head}`, begin(plan))
    await run(`stopped-${head}`, { ...begin(plan), maxSteps: 3 })
    const init = initOf({ record: plan.init }, 8)
    const resumeFrom = lab.at(`stopped-${head}/checkpoints/step-00000003`)
    const rest = await run(`stopped-${head}`, { recipe: plan.recipe, init, resumeFrom })
    assert.equal(hashOf(rest), hashOf(alone))
  })
}

test('a run does not go on from a checkpoint of one that began from other weights', async () => {
  const plan = await resolved(model)
  await run('other', { recipe: plan.recipe, maxSteps: 1 })
  const resumeFrom = lab.at('other/checkpoints/step-00000001')
  await assert.rejects(
    run('other', { ...begin(plan), resumeFrom }),
    (error) =>
      isAppError(error, 'checkpoint_invalid') && /began from random weights, this one from .*model/.test(error.message)
  )
})

test('seeded prototypes are where the run’s images are, as the untouched rest of the head sees them', async () => {
  const epochs = { epochs: 0, warmupEpochs: 0, freezeLastLayerEpochs: 0 }
  const states = []
  for (const head of ['seeded', 'new'] as const) {
    const plan = await resolved(model, head, { hyperparameters: { ...REQUEST.hyperparameters, ...epochs } })
    states.push((await readCheckpoint(lastCheckpoint(await run(`begun-${head}`, begin(plan))))).tensors)
  }
  const [seeded, drawn] = states as [(typeof states)[0], (typeof states)[0]]
  const [name] = ['head.last_layer.weight_v']
  assert.notDeepEqual(seeded[`student.${name}`], drawn[`student.${name}`])
  assert.deepEqual(seeded[`student.${name}`], seeded[`teacher.${name}`])
  for (const other of Object.keys(seeded).filter((key) => !key.endsWith(name))) {
    assert.deepEqual(seeded[other], drawn[other], other)
  }
  // Directions of images seen by one network are much alike; drawn ones are not.
  assert.ok(meanCosine(seeded[`teacher.${name}`]!) > 0.5)
  assert.ok(meanCosine(drawn[`teacher.${name}`]!) < 0.3)
})

/** Of all pairs of rows of 16. */
function meanCosine(rows: Float32Array): number {
  const count = rows.length / 16
  const unit = Array.from({ length: count }, (_, k) => {
    const row = [...rows.subarray(16 * k, 16 * (k + 1))]
    const norm = Math.hypot(...row)
    return row.map((value) => value / norm)
  })
  let sum = 0
  for (const a of unit) for (const b of unit) if (a !== b) sum += a.reduce((dot, value, i) => dot + value * b[i]!, 0)
  return sum / (count * (count - 1))
}

test('weights of others begin a run of another crop size, with their positions resampled and a seeded head', async () => {
  const crops = { ...hyperparameters.crops, global: { ...hyperparameters.crops.global, size: 12 } }
  const plan = await resolved(join(model, 'huggingface'), undefined, {
    hyperparameters: { ...REQUEST.hyperparameters, crops }
  })
  assert.deepEqual([plan.init.source, plan.init.head, plan.init.resampledFrom], ['weights', 'seeded', 8])
  const events = await run('resampled', { ...begin(plan), maxSteps: 1 })
  const { tensors } = await readCheckpoint(lastCheckpoint(events))
  assert.equal(tensors['teacher.backbone.pos_embed']!.length, 32 * (1 + 3 * 3))
})

for (const [what, own] of Object.entries(NEWER)) {
  test(`${what}: what a run trained is exported, served under Hugging Face's names, and gone on from`, async () => {
    const trained = lastCheckpoint(await run(what, { recipe: muRecipe({ epochs: 1, ...own }) }))
    const { tensors } = await readCheckpoint(trained)
    await exported(trained, lab.at(`${what}-model`))
    const epochs = { epochs: 0, warmupEpochs: 0, freezeLastLayerEpochs: 0 }
    const request = { hyperparameters: { ...REQUEST.hyperparameters, ...epochs } }
    for (const folder of [`${what}-model`, `${what}-model/huggingface`]) {
      const plan = await resolved(lab.at(folder), undefined, request)
      for (const [name, value] of Object.entries(own))
        assert.equal(plan.recipe.hyperparameters[name as keyof typeof own], value)
      const begun = await readCheckpoint(lastCheckpoint(await run(`${folder.replace('/', '-')}-begun`, begin(plan))))
      const backbone = Object.keys(tensors).filter((name) => name.startsWith('teacher.backbone.'))
      for (const name of backbone) assert.deepEqual(begun.tensors[name], tensors[name], name)
      assert.deepEqual(Object.keys(begun.tensors).toSorted(), Object.keys(tensors).toSorted())
    }
  })
}

test('what changed since it was recorded, or is gone, is not begun from', async () => {
  const copy = lab.at('changing')
  await exported(firstCheckpoint, copy)
  const plan = await resolved(copy)
  const refuses = (reason: RegExp) =>
    assert.rejects(
      run('refused', begin(plan)),
      (error) => isAppError(error, 'init_unavailable') && reason.test(error.message)
    )
  await appendFile(join(copy, 'head.safetensors'), ' ')
  await refuses(/begins from .*changing.*safetensors/)
  await exported(await otherCheckpoint(), copy)
  await refuses(/is another by now/)
  await rename(copy, lab.at('moved'))
  await refuses(/There is nothing at/)
})

async function otherCheckpoint(): Promise<string> {
  return lastCheckpoint(
    await run('another', { recipe: muRecipe({ epochs: 0, warmupEpochs: 0, freezeLastLayerEpochs: 0 }) })
  )
}

test('the model of such a run says what it was continued from', async () => {
  const plan = await resolved(model)
  const checkpoint = lastCheckpoint(await run('continued', { ...begin(plan), maxSteps: 1 }))
  await exported(checkpoint, lab.at('continued-model'))
  assert.deepEqual((await readModelConfig(lab.at('continued-model'))).continuedFrom, plan.init)
  assert.equal('continuedFrom' in (await readModelConfig(model)), false)
})

test('kappa train --init says what it means, goes on without it, and refuses another when it is given again', async (t) => {
  const recipe = lab.at('recipe.json')
  await writeFile(recipe, JSON.stringify(REQUEST))
  const usual = ['--out', lab.at('cli'), '--threads', '1', '--no-export', '--json']
  const command = runKappa(t, [
    'train',
    ...usual,
    '--images',
    lab.dataset,
    '--recipe',
    recipe,
    '--init',
    model,
    '--max-steps',
    '2'
  ])
  assert.equal((await command.exited).code, 3)
  const told = JSON.parse(command.lines[0]!)
  assert.deepEqual([told.type, told.source, told.head, told.from], ['init', 'model', 'taken', model])
  const other = runKappa(t, ['train', ...usual, '--resume', '--init', firstCheckpoint])
  assert.equal((await other.exited).code, 2)
  assert.match(JSON.parse(other.lines[0]!).message, /--init is .*first.*but the run in .* began from .*model/)
  const rest = runKappa(t, ['train', ...usual, '--resume', '--init', model])
  assert.equal((await rest.exited).code, 0, rest.lines.join('\n'))
  assert.equal(JSON.parse(rest.lines.at(-1)!).step, 10)
})

test('a folder that is a run is not begun from; what it holds is named', async () => {
  const folder = lab.at('cli')
  await assert.rejects(
    describeInit(folder),
    (error) => isAppError(error, 'invalid_request') && /its model\//.test(error.message)
  )
  await rm(folder, { recursive: true })
  await assert.rejects(describeInit(folder), (error) => isAppError(error, 'invalid_request'))
})
