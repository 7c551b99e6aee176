/** AdamW, clipping and the teacher's average over the matrix of all parameters against the same parameter by parameter. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEngine } from '../../../src/engine/create-engine.ts'
import type { Engine, Outputs, Precision } from '../../../src/engine/engine.ts'
import { elementCount } from '../../../src/engine/tensor-spec.ts'
import { prng } from '../../../src/math/prng.ts'
import { resolveRecipe } from '../../../src/recipe/presets.ts'
import type { Hyperparameters, Method, Recipe } from '../../../src/recipe/schema.ts'
import { applyProgram, GRADIENT, measureSpecs } from '../../../src/training/step/accumulation-programs.ts'
import { FLAT_GRADIENT } from '../../../src/training/step/batch.ts'
import { joinValues, LANE } from '../../../src/training/step/flat-layout.ts'
import { packState, unpackState } from '../../../src/training/step/flat-state.ts'
import { layoutOf } from '../../../src/training/step/held-state.ts'
import { planOf, type StepPlan } from '../../../src/training/step/plan.ts'
import { type ScalarSchedule, stepScalars } from '../../../src/training/step/scalars.ts'
import { initialState, type StateTensors } from '../../../src/training/step/state.ts'
import { withTfjsNode } from '../../helpers/tfjs-node.ts'
import { compileQuickly, withXla } from '../../helpers/xla.ts'

compileQuickly()

/** Engines that run op by op, where equal operations give equal bits. */
const BY_OPS = withTfjsNode([createEngine({ threads: 2 }), createEngine({ name: 'cpu' })])
const ENGINES = await withXla(BY_OPS)

/**
 * Of the largest in a tensor. Every element has the same operations but for the clipping factor, whose norm is summed in
 * another order, so that it is off by some 1e-7 of itself. Seen: 6e-8, and 3e-7 where XLA joins a product and a sum.
 */
const TOLERANCE = 1e-6

const SCHEDULE: ScalarSchedule = {
  learningRate: 1e-3,
  weightDecay: 0.1,
  teacherMomentum: 0.9,
  teacherTemperature: 0.04,
  patchTeacherTemperature: 0.05,
  freezeLastLayer: false,
  adamStep: 3,
  adamLastLayerStep: 2,
  em: { rate: 0.2, pull: 0.5 }
}

interface Case {
  readonly method?: Method
  readonly changes?: Partial<Hyperparameters>
  readonly precision?: Precision
}

function recipeOf({ method = 'dino-vmf', changes = {} }: Case): Recipe {
  const recipe = resolveRecipe({ preset: 'mu', method })
  return { ...recipe, hyperparameters: { ...recipe.hyperparameters, ...changes } }
}

const numbers = (count: number, stream: number): Float32Array => {
  const random = prng(5, stream)
  return Float32Array.from({ length: count }, () => random.normal())
}

/** As after some steps: no moment is 0, and the teacher is not the student. */
function stateOf(recipe: Recipe): StateTensors {
  const entries = Object.entries(initialState(recipe)).map(([name, values], i): [string, Float32Array] => {
    const noise = numbers(values.length, i)
    const moved = name.startsWith('adam.v.')
      ? noise.map((x) => 1e-4 * x * x)
      : values.map((x, j) => x + 0.01 * noise[j]!)
    return [name, name.endsWith('weight_g') && recipe.hyperparameters.normalizeLastLayer ? values : moved]
  })
  return Object.fromEntries(entries)
}

/** Gradients whose norms lie on both sides of a clip of 1, and whatever else a batch gives. */
function measuresOf(plan: StepPlan): StateTensors {
  const specs = measureSpecs({ ...plan, flat: false })
  return Object.fromEntries(
    specs.map(({ name, shape }, i) => {
      const scale = name.startsWith(GRADIENT) ? 10 ** ((i % 5) - 3) : 1
      return [name, numbers(elementCount(shape), 100 + i).map((x) => scale * Math.abs(x) * (i % 2 ? 1 : -1) || scale)]
    })
  )
}

function packMeasures(plan: StepPlan, measures: StateTensors): StateTensors {
  const others = Object.entries(measures).filter(([name]) => !name.startsWith(GRADIENT))
  const matrix = joinValues(layoutOf(plan), (name) => measures[`${GRADIENT}${name}`])
  return { ...Object.fromEntries(others), [`${GRADIENT}${FLAT_GRADIENT}`]: matrix }
}

interface Given {
  readonly plan: StepPlan
  readonly state: StateTensors
  readonly measures: StateTensors
  readonly schedule?: ScalarSchedule
}

interface Moved {
  readonly state: StateTensors
  readonly outputs: Outputs
}

async function move(engine: Engine, { plan, state, measures, schedule = SCHEDULE }: Given): Promise<Moved> {
  const program = await engine.load(applyProgram(plan))
  const begin = packState(plan, state)
  const given = plan.flat ? packMeasures(plan, measures) : measures
  const outputs = await program.run({ ...begin, ...stepScalars(schedule), ...given, ...lossScale(plan) })
  await program.dispose()
  return { state: unpackState(plan, { ...begin, ...outputs }), outputs }
}

const lossScale = ({ scalesLoss }: StepPlan): StateTensors => (scalesLoss ? { lossScale: Float32Array.of(1) } : {})

function given(one: Case, fuses: boolean): Given {
  const recipe = recipeOf(one)
  const plan = planOf(recipe, { precision: one.precision ?? 'float32', fuses, devices: 1 })
  return { plan, state: stateOf(recipe), measures: measuresOf(plan) }
}

function assertClose(actual: StateTensors, expected: StateTensors): void {
  assert.deepEqual(Object.keys(actual).toSorted(), Object.keys(expected).toSorted())
  for (const [name, values] of Object.entries(expected)) {
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    values.forEach((value, i) => {
      const difference = Math.abs(actual[name]![i]! - value)
      assert.ok(difference <= TOLERANCE * largest, `${name}[${i}]: ${actual[name]![i]} for ${value}`)
    })
  }
}

const CASES: readonly (readonly [string, Case])[] = [
  ['dino-vmf with clipping', { changes: { clipGrad: 1 } }],
  ['dino-vmf without decay of norms', { changes: { clipGrad: 1, decayPrototypeNorms: false } }],
  ['dino with normalized prototypes', { method: 'dino', changes: { clipGrad: 1, normalizeLastLayer: true } }],
  ['ibot-vmf with clipping', { method: 'ibot-vmf', changes: { clipGrad: 1 } }],
  [
    'dino-vmf with expectation-maximization',
    { changes: { clipGrad: 1, em: { rate: 0.2, pull: 0.5, kappa: 'fitted' } } }
  ],
  ['dino-vmf in float16', { precision: 'float16', changes: { clipGrad: 1 } }]
]

for (const engine of ENGINES) {
  for (const [label, one] of CASES) {
    test(`${engine.name}: ${label} moves the matrix as it moves its parameters`, async () => {
      const [apart, flat] = [await move(engine, given(one, false)), await move(engine, given(one, true))]
      assertClose(flat.state, apart.state)
      const norm = apart.outputs['grad_norm']![0]!
      assert.ok(norm > 0 && Math.abs(flat.outputs['grad_norm']![0]! - norm) <= TOLERANCE * norm)
    })
  }
}

for (const engine of BY_OPS) {
  test(`${engine.name}: without clipping both move by the same bits`, async () => {
    const one = { changes: { clipGrad: 0 } }
    const [apart, flat] = [await move(engine, given(one, false)), await move(engine, given(one, true))]
    for (const [name, values] of Object.entries(apart.state)) assert.deepEqual(flat.state[name], values, name)
  })
}

for (const engine of ENGINES) {
  test(`${engine.name}: rows stay 0 where no parameter is, and where the teacher has none`, async () => {
    const one = given({ method: 'ibot-vmf', changes: { clipGrad: 1 } }, true)
    const { outputs } = await move(engine, one)
    const teachers = new Set(one.plan.teacherParameters.map(({ name }) => name))
    for (const { name, firstRow, rows, elements } of layoutOf(one.plan).places) {
      for (const copy of ['student', 'teacher', 'adam.m', 'adam.v']) {
        const own = outputs[`${copy}.flat`]!.subarray(firstRow * LANE, (firstRow + rows) * LANE)
        const from = copy === 'teacher' && !teachers.has(name) ? 0 : elements
        assert.ok(
          own.subarray(from).every((value) => value === 0),
          `${copy}.${name}`
        )
      }
    }
  })

  test(`${engine.name}: a frozen last layer keeps weights and moments bit for bit, and its teacher follows`, async () => {
    const schedule = { ...SCHEDULE, freezeLastLayer: true, adamLastLayerStep: 0 }
    const one = { ...given({ changes: { clipGrad: 1 } }, true), schedule }
    const { state } = await move(engine, one)
    for (const name of ['head.last_layer.weight_g', 'head.last_layer.weight_v']) {
      for (const copy of ['student', 'adam.m', 'adam.v']) {
        assert.deepEqual(state[`${copy}.${name}`], one.state[`${copy}.${name}`], `${copy}.${name}`)
      }
      assert.notDeepEqual(state[`teacher.${name}`], one.state[`teacher.${name}`])
    }
    assert.notDeepEqual(state['student.head.mlp.4.weight'], one.state['student.head.mlp.4.weight'])
  })

  test(`${engine.name}: a gradient outside float16's range moves the teacher alone`, async () => {
    const one = given({ precision: 'float16', changes: { clipGrad: 1 } }, true)
    one.measures[`${GRADIENT}backbone.norm.bias`]![2] = Number.POSITIVE_INFINITY
    const { state, outputs } = await move(engine, one)
    assert.deepEqual([outputs['skipped']![0], outputs['grad_norm']![0]], [1, 0])
    for (const [name, values] of Object.entries(state)) {
      if (name.startsWith('student.') || name.startsWith('adam.')) assert.deepEqual(values, one.state[name], name)
    }
    assert.notDeepEqual(state['teacher.backbone.norm.bias'], one.state['teacher.backbone.norm.bias'])
  })
}
