/** What a batch gives before anything moves: gradients, its part in the centers, and what is measured of it. */
import { type Tensor, type Tensors, tf } from '../../engine/tf.ts'
import { joinPieces } from './flat-tensors.ts'
import { layoutOf } from './held-state.ts'
import { parametersOf, type StepPatches } from './inputs.ts'
import { stepExpectations } from './maximization.ts'
import { tallyOf } from './metrics.ts'
import { type StepPlan, trainedOf } from './plan.ts'
import { type Scaling, scalingOf } from './scaling.ts'
import { studentLoss } from './student.ts'
import { teacherPass } from './teacher.ts'

/** The name of the gradient of all parameters at once. */
export const FLAT_GRADIENT = 'flat'

export interface Measures {
  /** Of the trained parameters, by name; of a flat plan `FLAT_GRADIENT` alone. */
  readonly gradients: Record<string, Tensor>
  /** The batch's contribution to each center, by the center's name. */
  readonly batchCenters: Tensors
  /** What the M-step averages, by the name of the state tensor; empty without it. */
  readonly expectations: Tensors
  /** See `tallyOf`. */
  readonly tally: Record<string, Tensor>
}

export interface BatchMeasures extends Measures {
  /** Of the teacher's class tokens, see health/window.ts. */
  readonly features: Tensor
  readonly assignments: Tensor
}

export function measureBatch(plan: StepPlan, inputs: Tensors, patches: StepPatches): BatchMeasures {
  const student = parametersOf(plan, inputs, 'student')
  const trained = trainedOf(plan)
  const teacher = tf.tidy(() => ({ ...teacherPass(plan, inputs, patches) }))

  const scaling = scalingOf(plan, inputs)
  const measured: Record<string, Tensor> = {}
  const objective = (...values: Tensor[]): tf.Scalar => {
    const parameters = { ...student, ...Object.fromEntries(trained.map(({ name }, i) => [name, values[i]!])) }
    const { loss, metrics } = studentLoss(plan, { parameters, inputs, patches, teacher })
    for (const [name, value] of Object.entries(metrics)) measured[name] = tf.keep(value)
    return scaling.up(loss) as tf.Scalar
  }
  // With respect to the pieces of a flat plan too: the gradient of a slice is a matrix of zeros around it.
  const { value, grads } = tf.valueAndGrads(objective)(trained.map(({ name }) => student[name]!))
  const loss = scaling.down(value)
  const named = Object.fromEntries(trained.map(({ name }, i) => [name, grads[i]!]))
  return {
    gradients: downAll(scaling, plan.flat ? { [FLAT_GRADIENT]: joinPieces(layoutOf(plan), named) } : named),
    batchCenters: {
      'center.cls': teacher.cls.batchCenter,
      ...(teacher.patch ? { 'center.patch': teacher.patch.batchCenter } : {})
    },
    expectations: plan.em ? stepExpectations(teacher) : {},
    tally: tallyOf(plan, { inputs, teacher, measured: { ...measured, loss } }),
    features: teacher.features,
    assignments: teacher.assignments
  }
}

const downAll = (scaling: Scaling, gradients: Tensors): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(gradients).map(([name, gradient]) => [name, scaling.down(gradient)]))
