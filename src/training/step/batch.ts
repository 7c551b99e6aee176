/** What a batch gives before anything moves: gradients, its part in the centers, and what is measured of it. */
import { type Tensor, type Tensors, tf } from '../../engine/tf.ts'
import { type StepPatches, subset } from './inputs.ts'
import { tallyOf } from './metrics.ts'
import { isTrained, type StepPlan } from './plan.ts'
import { scalingOf } from './scaling.ts'
import { studentLoss } from './student.ts'
import { teacherPass } from './teacher.ts'

export interface Measures {
  /** Of the trained parameters, by name. */
  readonly gradients: Record<string, Tensor>
  /** The batch's contribution to each center, by the center's name. */
  readonly batchCenters: Tensors
  /** See `tallyOf`. */
  readonly tally: Record<string, Tensor>
}

export interface BatchMeasures extends Measures {
  /** Of the teacher's class tokens, see health/window.ts. */
  readonly features: Tensor
  readonly assignments: Tensor
}

export function measureBatch(plan: StepPlan, inputs: Tensors, patches: StepPatches): BatchMeasures {
  const names = plan.parameters.map(({ name }) => name)
  const student = subset(inputs, 'student', names)
  const trained = plan.parameters.filter((parameter) => isTrained(plan, parameter))
  const teacher = tf.tidy(() => ({ ...teacherPass(plan, inputs, patches) }))

  const scaling = scalingOf(plan, inputs)
  const measured: Record<string, Tensor> = {}
  const objective = (...values: Tensor[]): tf.Scalar => {
    const parameters = { ...student, ...Object.fromEntries(trained.map(({ name }, i) => [name, values[i]!])) }
    const { loss, metrics } = studentLoss(plan, { parameters, inputs, patches, teacher })
    for (const [name, value] of Object.entries(metrics)) measured[name] = tf.keep(value)
    return scaling.up(loss) as tf.Scalar
  }
  const { value, grads } = tf.valueAndGrads(objective)(trained.map(({ name }) => student[name]!))
  const loss = scaling.down(value)
  return {
    gradients: Object.fromEntries(trained.map(({ name }, i) => [name, scaling.down(grads[i]!)])),
    batchCenters: {
      'center.cls': teacher.cls.batchCenter,
      ...(teacher.patch ? { 'center.patch': teacher.patch.batchCenter } : {})
    },
    tally: tallyOf(plan, { inputs, teacher, measured: { ...measured, loss } }),
    features: teacher.features,
    assignments: teacher.assignments
  }
}
