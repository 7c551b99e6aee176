/** Prototypes by online expectation-maximization against the same in float64, written by scripts/online_em.py. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { createEngine } from '../../../src/engine/create-engine.ts'
import type { Engine, Outputs } from '../../../src/engine/engine.ts'
import type { Tensor, Tensors } from '../../../src/engine/tf.ts'
import { averaged, expectationsOf, pulledDirections, pulledNorms } from '../../../src/ssl/online-em.ts'
import { withTfjsNode } from '../../helpers/tfjs-node.ts'
import { withXla } from '../../helpers/xla.ts'

type Matrix = readonly (readonly number[])[]

interface Step {
  readonly rate: number
  readonly pull: number
  readonly assignments: Matrix
  readonly y: Matrix
  readonly vectors: Matrix
  readonly mass: readonly number[]
  readonly before: { readonly v: Matrix; readonly g: Matrix }
  readonly v: Matrix
  readonly g: Matrix
}

const golden = JSON.parse(readFileSync(new URL('../golden/online-em.json', import.meta.url), 'utf8')) as {
  readonly steps: readonly Step[]
}

/** Sums of 14 rows in float32, and a ratio of sums that is near 1: 1 − R² loses two digits of κ. Seen: 3e-7 and 2e-6. */
const TOLERANCE = { sum: 1e-6, norm: 1e-5 }

const engines = await withXla(withTfjsNode([createEngine({ name: 'cpu' }), createEngine({ threads: 1 })]))

/** One step from `before` and the averages so far. */
async function take(engine: Engine, step: Step, before: Pick<Step, 'vectors' | 'mass'>): Promise<Outputs> {
  const matrices = {
    assignments: step.assignments,
    y: step.y,
    v: step.before.v,
    g: step.before.g,
    vectors: before.vectors,
    mass: [before.mass],
    rate: [[step.rate]],
    pull: [[step.pull]]
  }
  const program = await engine.load({
    name: 'em',
    inputs: Object.entries(matrices).map(([name, rows]) => {
      const shape =
        name === 'mass' ? [rows[0]!.length] : name === 'rate' || name === 'pull' ? [] : [rows.length, rows[0]!.length]
      return { name, shape, dtype: 'float32' as const }
    }),
    outputs: ['nextVectors', 'nextMass', 'nextV', 'nextG'],
    build: (inputs: Tensors): Record<string, Tensor> => {
      const of = { vectors: inputs['vectors']!, mass: inputs['mass']! }
      const now = averaged(of, expectationsOf(inputs['assignments']!, inputs['y']!), inputs['rate']!)
      return {
        nextVectors: now.vectors,
        nextMass: now.mass,
        nextV: pulledDirections(inputs['v']!, now, inputs['pull']!),
        nextG: pulledNorms(inputs['g']!, now, inputs['pull']!)
      }
    }
  })
  const feeds = Object.entries(matrices).map(([name, rows]) => [name, Float32Array.from(rows.flat())])
  const outputs = await program.run(Object.fromEntries(feeds))
  await program.dispose()
  return outputs
}

function assertClose(actual: Float32Array, expected: readonly number[], tolerance: number): void {
  assert.equal(actual.length, expected.length)
  expected.forEach((value, i) => {
    assert.ok(Math.abs(actual[i]! - value) <= tolerance, `[${i}] ${actual[i]} for ${value}`)
  })
}

for (const engine of engines) {
  test(`three steps of expectation-maximization are NumPy's on the ${engine.name} engine`, async () => {
    const { vectors, mass } = golden.steps[0]!
    let before: Pick<Step, 'vectors' | 'mass'> = {
      vectors: vectors.map((row) => row.map(() => 0)),
      mass: mass.map(() => 0)
    }
    for (const step of golden.steps) {
      const { nextVectors, nextMass, nextV, nextG } = await take(engine, step, before)
      assertClose(nextVectors!, step.vectors.flat(), TOLERANCE.sum)
      assertClose(nextMass!, step.mass, TOLERANCE.sum)
      assertClose(nextV!, step.v.flat(), TOLERANCE.sum)
      assertClose(nextG!, step.g.flat(), TOLERANCE.norm)
      before = step
    }
  })
}

test('a prototype that no image is given to stays where it is', () => {
  for (const { before, v, g } of golden.steps) {
    for (const [i, value] of before.v.at(-1)!.entries()) assert.ok(Math.abs(v.at(-1)![i]! - value) < 1e-12)
    assert.ok(Math.abs(g.at(-1)![0]! - before.g.at(-1)![0]!) < 1e-12)
  }
})
