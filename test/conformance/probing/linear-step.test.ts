/** Linear classifiers side by side against PyTorch's, each by itself: golden/linear-probe.json, by scripts/linear_probe.py. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { createEngine } from '../../../src/engine/create-engine.ts'
import { linearState, linearStepProgram, ratesAt } from '../../../src/probing/linear-step.ts'
import { withTfjsNode } from '../../helpers/tfjs-node.ts'
import { withXla } from '../../helpers/xla.ts'

type Matrix = readonly (readonly number[])[]

const golden = JSON.parse(readFileSync(new URL('../golden/linear-probe.json', import.meta.url), 'utf8')) as {
  readonly batch: number
  readonly epochs: number
  readonly features: Matrix
  readonly labels: readonly number[]
  readonly begin: Matrix
  readonly heads: readonly { rate: number; losses: readonly number[]; weight: Matrix; bias: readonly number[] }[]
}

/** Twelve steps in float32 of numbers up to 3, the largest rate being 0.5. Seen: 4e-7. */
const TOLERANCE = 3e-6

const { batch, epochs, features, labels, begin, heads } = golden
const [dim, classes] = [features[0]!.length, begin.length]
const shape = { dim, classes, heads: heads.length, batch }
const schedule = { rates: heads.map(({ rate }) => (rate * 256) / batch), epochs }

const engines = await withXla(withTfjsNode([createEngine({ name: 'cpu' }), createEngine({ threads: 1 })]))

function batchFrom(start: number) {
  const rows = features.slice(start, start + batch)
  const filled = { features: new Float32Array(batch * (dim + 1)), targets: new Float32Array(batch * classes) }
  for (const [i, row] of rows.entries()) {
    filled.features.set([...row, 1], i * (dim + 1))
    filled.targets[i * classes + labels[start + i]!] = 1
  }
  const shares = Float32Array.from({ length: batch }, (_, row) => (row < rows.length ? 1 / rows.length : 0))
  return { ...filled, shares }
}

for (const engine of engines) {
  test(`twelve steps of two classifiers are PyTorch's on the ${engine.name} engine`, async () => {
    const program = linearStepProgram(shape)
    const stepping = await engine.loadStepping(program, { held: ['weight', 'momentum'] })
    const first = begin.flatMap((row) => [...row, 0])
    const weight = Float32Array.from(heads.flatMap(() => first))
    const state = await engine.hold(linearState(shape), { weight, momentum: new Float32Array(weight.length) })
    const losses: Float32Array[] = []
    for (let epoch = 0; epoch < epochs; epoch++) {
      for (let start = 0; start < labels.length; start += batch) {
        const [outputs] = await stepping.step(state, [{ ...batchFrom(start), rates: ratesAt(epoch, shape, schedule) }])
        losses.push(outputs!['loss']!)
      }
    }
    const after = (await state.read(['weight']))['weight']!
    await stepping.dispose()
    await state.dispose()
    for (const [head, { weight: w, bias, losses: expected }] of heads.entries()) {
      for (const [step, loss] of expected.entries())
        assert.ok(Math.abs(losses[step]![head]! - loss) <= TOLERANCE, `loss of step ${step}: ${losses[step]![head]}`)
      for (const [i, value] of w.flatMap((row, c) => [...row, bias[c]!]).entries()) {
        const own = after[head * classes * (dim + 1) + i]!
        assert.ok(Math.abs(own - value) <= TOLERANCE, `weight ${i} of classifier ${head}: ${own} for ${value}`)
      }
    }
  })
}
