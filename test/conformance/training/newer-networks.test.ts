/**
 * A step of iBOT on networks that came after DINO's, against transformers' backbones in float64: two sizes of crops, hidden
 * patches, one head (golden/newer_networks.json, by scripts/newer_networks.py).
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { createEngine } from '../../../src/engine/create-engine.ts'
import type { Engine } from '../../../src/engine/engine.ts'
import type { Network } from '../../../src/recipe/network.ts'
import { packState, unpackState } from '../../../src/training/step/flat-state.ts'
import { withTfjsNode } from '../../helpers/tfjs-node.ts'
import { withXla } from '../../helpers/xla.ts'
import { oracleFeeds, oraclePlan, oracleProgram, oracleState, type ParameterRow, type Summary } from './oracle.ts'

interface Facts {
  /** What the network has besides the oracle's. */
  readonly network: Partial<Network>
  readonly parameters: readonly ParameterRow[]
  readonly losses: Readonly<Record<'loss' | 'cls_loss' | 'patch_loss', number>>
  readonly gradients: Readonly<Record<string, Summary>>
}

const FILE = new URL('../golden/newer_networks.json', import.meta.url)
const golden: { readonly networks: Readonly<Record<string, Facts>> } = JSON.parse(readFileSync(FILE, 'utf8'))

/** As in step.test.ts: float32 against float64, losses of about 1 to 4, gradients up to 2. */
const TOLERANCE = { loss: 5e-6, gradient: 2e-5 }
/** Of a first step, in which the moment is a tenth of the gradient. */
const MOMENT = 0.1

const PROCESSORS = withTfjsNode([createEngine(), createEngine({ name: 'cpu' })])
/** Compiling takes XLA half a minute: of the one network that has all the parts. */
const ENGINES: Readonly<Record<string, readonly Engine[]>> = { rotary: await withXla(PROCESSORS) }

const assertClose = (actual: number, expected: number, tolerance: number, what: string): void =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${what}: ${actual} for ${expected}`)

function assertSummary(values: Float32Array, { norm, sum, first6 }: Summary, what: string): void {
  // An error of one element moves the norm by at most itself, and the sum by at most the sum of all.
  const total = TOLERANCE.gradient * Math.sqrt(values.length)
  assertClose(Math.sqrt(values.reduce((squares, value) => squares + value * value, 0)), norm, total, `norm of ${what}`)
  assertClose(
    values.reduce((all, value) => all + value, 0),
    sum,
    total,
    `sum of ${what}`
  )
  first6.forEach((value, i) => {
    assertClose(values[i]!, value, TOLERANCE.gradient, `${what}[${i}]`)
  })
}

for (const [name, { network, parameters, losses, gradients }] of Object.entries(golden.networks)) {
  for (const engine of ENGINES[name] ?? PROCESSORS) {
    test(`${name}: losses and the gradient of every parameter are those of transformers, on the ${engine.name} engine`, async () => {
      const plan = { ...oraclePlan('ibot', { flat: engine.fuses, more: network }), clipGrad: 0 }
      const program = await engine.load(oracleProgram(plan))
      try {
        const begin = packState(plan, oracleState('ibot', parameters))
        const outputs = await program.run({ ...begin, ...oracleFeeds('ibot', 0) })
        for (const [metric, expected] of Object.entries(losses)) {
          assertClose(outputs[metric]![0]!, expected, TOLERANCE.loss, metric)
        }
        const after = unpackState(plan, { ...begin, ...outputs })
        for (const [parameter, expected] of Object.entries(gradients)) {
          const gradient = after[`adam.m.${parameter}`]!.map((moment) => moment / MOMENT)
          assertSummary(gradient, expected, `gradient of ${parameter}`)
        }
      } finally {
        await program.dispose()
      }
    })
  }
}
