import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { systemClock } from '../../../src/base/clock.ts'
import { isAppError } from '../../../src/base/errors.ts'
import { createEngine } from '../../../src/engine/create-engine.ts'
import type { Engine } from '../../../src/engine/engine.ts'
import { createOnArrays } from '../../../src/engine/held-arrays.ts'
import { type Tensor, tf } from '../../../src/engine/tf.ts'
import { recipeNumbers } from '../../../src/recipe/numbers.ts'
import { scheduleAt } from '../../../src/training/step/schedule.ts'
import { initialState } from '../../../src/training/step/state.ts'
import { createTrainStep } from '../../../src/training/step/step.ts'
import { type TrainOptions, train } from '../../../src/training/train.ts'
import { muRecipe } from '../../helpers/mu-recipe.ts'
import { compileQuickly, withXla } from '../../helpers/xla.ts'
import { collect, labFolder } from './lab-folder.ts'

compileQuickly()

const engine = createEngine({ threads: 1 })

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** MiB of resident memory once everything unreachable is gone. */
function residentMiB(): number {
  collectGarbage()
  return process.memoryUsage().rss / 2 ** 20
}

for (const one of await withXla([engine])) {
  test(`memory is flat over 1,000 steps on ${one.name}`, async () => {
    const recipe = muRecipe({ batchSize: 2 })
    const crops = { globalCrops: new Uint8Array(2 * 2 * 64).fill(99), localCrops: new Uint8Array(2 * 16).fill(7) }
    const begin = initialState(recipe)
    const stateMiB = Object.values(begin).reduce((sum, { byteLength }) => sum + byteLength, 0) / 2 ** 20
    const trainStep = await createTrainStep(one, recipe, begin)
    const take = async (count: number) => {
      for (let step = 0; step < count; step++) await trainStep.step(crops, scheduleAt(recipe, step, 1000))
    }
    // Allocators fill their pools in the first steps.
    await take(100)
    const before = residentMiB()
    const peak = await one.memory?.()
    await take(1000)
    const grown = residentMiB() - before
    // What the device itself has counted, where it does: as much as before.
    assert.deepEqual(await one.memory?.(), peak)
    await trainStep.dispose()
    // A state left behind by every step would be the least that a leak can be.
    const leak = stateMiB * 1000
    assert.ok(leak > 20, `a leak of ${leak} MiB would not be noticed`)
    assert.ok(grown < leak / 2, `${grown.toFixed(1)} MiB in 1,000 steps`)
  })
}

/** Counts sessions, and fails at a run when told to. */
function watched(failure?: Error): { engine: Engine; open: () => number } {
  let open = 0
  const load: Engine['load'] = async (program, options) => {
    const loaded = await engine.load(program, options)
    open++
    return {
      run: (feeds) => (failure ? Promise.reject(failure) : loaded.run(feeds)),
      dispose: () => {
        open--
        return loaded.dispose()
      }
    }
  }
  return { open: () => open, engine: { ...engine, ...createOnArrays(load) } }
}

const options = (at: (name: string) => string, dataset: string, of: Engine): TrainOptions => ({
  recipe: muRecipe(),
  engine: of,
  clock: systemClock,
  loaders: 0,
  datasetFolder: dataset,
  outFolder: at('out')
})

test('memory that runs out is an error with the estimate that was wrong, and the session is gone', async (t) => {
  const lab = await labFolder(t)
  const side = watched(new Error('Failed to allocate memory for requested buffer of size 68719476736'))
  await assert.rejects(collect(train(options(lab.at, lab.dataset, side.engine))), (error) => {
    assert.ok(isAppError(error, 'out_of_memory'))
    assert.equal(error.details['estimatedBytes'], recipeNumbers(muRecipe(), 0).memoryBytes)
    assert.match(error.message, /estimated at \d+\.\d GiB, with \d+\.\d GiB to use: a batch of 8, 3 crops/)
    return true
  })
  assert.equal(side.open(), 0)
})

test('a run that is done, fails or is left in the middle leaves no session', async (t) => {
  const lab = await labFolder(t)
  const done = watched()
  await collect(train(options(lab.at, lab.dataset, done.engine)))
  assert.equal(done.open(), 0)
  const failed = watched(new Error('a bug'))
  await assert.rejects(collect(train(options(lab.at, lab.dataset, failed.engine))), /a bug/)
  assert.equal(failed.open(), 0)
  const left = watched()
  for await (const event of train(options(lab.at, lab.dataset, left.engine))) if (event.type === 'step') break
  assert.equal(left.open(), 0)
})

test('an allocation that no machine can make is an error of ours', async () => {
  const side = 2 ** 23
  const loaded = await engine.load({
    name: 'too-large',
    inputs: [
      { name: 'column', shape: [side, 1], dtype: 'float32' },
      { name: 'row', shape: [1, side], dtype: 'float32' }
    ],
    outputs: ['largest'],
    // 2⁴⁸ bytes: more than a process can address.
    build: ({ column, row }) => ({ largest: tf.max(tf.add(column as Tensor, row as Tensor)) })
  })
  const values = new Float32Array(side)
  await assert.rejects(loaded.run({ column: values, row: values }), (error) => isAppError(error, 'out_of_memory'))
  await loaded.dispose()
})
