/** A run that begins from weights of PyTorch has, in its first step, the loss that PyTorch's forward pass gives with them. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { encodeSafetensors } from '../../../src/base/safetensors.ts'
import { createEngine } from '../../../src/engine/create-engine.ts'
import { importWeights } from '../../../src/interop/import-weights.ts'
import { logNormalizer } from '../../../src/math/vmf.ts'
import { place } from '../../../src/training/begin.ts'
import { golden, oracleFeeds, oraclePlan, oracleProgram, oracleState } from './oracle.ts'

const { batch, n_global: globalCrops, student_temp: studentTemperature, teacher_temp } = golden.config
const engine = createEngine({ name: 'cpu' })

/** The reference's student as a file of DINO's names, read as any weights of others. */
async function importedStudent(state: Readonly<Record<string, Float32Array>>, variant: 'dino_unnorm' | 'dino_vmf') {
  const folder = await mkdtemp(join(tmpdir(), 'kappa-begin-'))
  try {
    const tensors = oraclePlan(variant).teacherParameters.map(({ name, shape }) => {
      return [name, { shape, data: state[`student.${name}`]! }] as const
    })
    const file = join(folder, 'dino.safetensors')
    await writeFile(file, Buffer.concat(encodeSafetensors(new Map(tensors))))
    return await importWeights(file, { heads: golden.config['heads']! })
  } finally {
    await rm(folder, { recursive: true })
  }
}

const logSoftmax = (row: readonly number[]): number[] => {
  const most = Math.max(...row)
  const total = most + Math.log(row.reduce((sum, value) => sum + Math.exp(value - most), 0))
  return row.map((value) => value - total)
}

/**
 * In float64, from PyTorch's bottleneck vectors y of all crops: the student's of the reference are the teacher's too, as both
 * begin from them.
 */
function expectedLoss(
  state: Readonly<Record<string, Float32Array>>,
  { variant, center }: { variant: 'dino_unnorm' | 'dino_vmf'; center: Float32Array }
): number {
  const { network, vmf } = oraclePlan(variant)
  const { prototypes, bottleneckDim: p } = network
  const v = state['student.head.last_layer.weight_v']!
  const g = state['student.head.last_layer.weight_g']!
  const y = golden.variants[variant].steps[0]!.intermediates['student_cls_y'] as number[][]
  const rowsAt = (temperature: number, shift: (k: number) => number) =>
    y.map((row) =>
      logSoftmax(
        Array.from({ length: prototypes }, (_, k) => {
          const weight = v.subarray(k * p, (k + 1) * p)
          const length = Math.sqrt(weight.reduce((sum, one) => sum + one * one, 0))
          const dot = (g[k]! * row.reduce((sum, one, i) => sum + one * weight[i]!, 0)) / length
          const normalizer = vmf ? logNormalizer(p, Math.abs(g[k]!) / temperature) : 0
          return dot / temperature + normalizer - shift(k)
        })
      )
    )
  const teacherTemperature = teacher_temp[0]
  const teacher = rowsAt(teacherTemperature, (k) => (vmf ? center[k]! : center[k]! / teacherTemperature))
  const student = rowsAt(studentTemperature!, () => 0)
  const crops = y.length / batch!
  const terms: number[] = []
  for (let q = 0; q < globalCrops!; q++)
    for (let c = 0; c < crops; c++)
      for (let b = 0; c !== q && b < batch!; b++) {
        const log = student[c * batch! + b]!
        terms.push(-teacher[q * batch! + b]!.reduce((sum, one, k) => sum + Math.exp(one) * log[k]!, 0))
      }
  return terms.reduce((sum, one) => sum + one, 0) / terms.length
}

for (const variant of ['dino_unnorm', 'dino_vmf'] as const) {
  test(`${variant}: the loss of the first step is that of PyTorch's forward pass with the same weights`, async () => {
    const plan = oraclePlan(variant)
    const state = oracleState(variant)
    const student = { ...state }
    const center = state['center.cls']!.slice()
    // As drawn, so that whatever is not placed shows.
    for (const name of Object.keys(state))
      if (/^(student|teacher|center)\./.test(name)) state[name] = state[name]!.map(() => 0.01)
    const { weights } = await importedStudent(student, variant)
    const shapes = new Map(plan.teacherParameters.map(({ name, shape }) => [name, shape]))
    const tensors = new Map(Object.entries(weights).map(([name, data]) => [name, { shape: shapes.get(name)!, data }]))
    const { centering } = plan
    place(
      state,
      { tensors, centers: new Map([['center.cls', center]]), centering },
      { head: 'taken', specs: plan.teacherParameters, normalizeLastLayer: false, centering }
    )
    const program = await engine.load(oracleProgram(plan))
    const { loss } = await program.run({ ...state, ...oracleFeeds(variant, 0) })
    const expected = expectedLoss(student, { variant, center })
    // As in step.test.ts, and log C_p of three terms of its expansion in the step, exact here: 1e-5 of each logit.
    assert.ok(Math.abs(loss![0]! - expected) < 3e-5, `${loss![0]} instead of ${expected}`)
    // The reference's own teacher is another.
    assert.ok(Math.abs(golden.variants[variant].steps[0]!.loss - expected) > 1e-3)
  })
}
