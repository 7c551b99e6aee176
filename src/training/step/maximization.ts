/** Prototypes by expectation-maximization within a step: what the optimizer made of them is pulled to the M-step's. */
import { type Tensor, type Tensors, tf } from '../../engine/tf.ts'
import { averaged, type Expectations, expectationsOf, pulledDirections, pulledNorms } from '../../ssl/online-em.ts'
import { nextTeacher } from '../../ssl/teacher.ts'
import { LANE, type Place } from './flat-layout.ts'
import { pieceOf } from './flat-tensors.ts'
import { EXPECTATIONS, flatName, layoutOf } from './held-state.ts'
import { isTrained, type StepPlan } from './plan.ts'
import type { TeacherPass } from './teacher.ts'

const [NORMS, DIRECTIONS] = ['head.last_layer.weight_g', 'head.last_layer.weight_v'] as const

/** Of class tokens, also where patches share their last layer. */
export const stepExpectations = ({ cls, y }: TeacherPass): Tensors => {
  const { vectors, mass } = expectationsOf(cls.probabilities, y)
  return { [EXPECTATIONS.vectors]: vectors, [EXPECTATIONS.mass]: mass }
}

export interface Moved {
  /** The state that the optimizer made. */
  readonly moved: Tensors
  /** Of the whole batch, by name. */
  readonly expectations: Tensors
}

/** The state tensors that are different for it: the average, and prototypes of student and teacher. */
export function maximized(plan: StepPlan, inputs: Tensors, { moved, expectations }: Moved): Record<string, Tensor> {
  const pull = inputs['em.pull']!
  const now = averaged(named(inputs), named(expectations), inputs['em.rate']!)
  const fits = plan.em!.kappa === 'fitted'
  const changes: Change[] = plan.parameters
    .filter((parameter) => parameter.name === DIRECTIONS || (fits && parameter.name === NORMS))
    .filter((parameter) => isTrained(plan, parameter))
    .map(({ name }) => ({
      name,
      change: (x) => (name === NORMS ? pulledNorms(x, now, pull) : pulledDirections(x, now, pull))
    }))
  const state = plan.flat ? changeFlat(plan, inputs, moved, changes) : changeNamed(inputs, moved, changes)
  return { ...state, [EXPECTATIONS.vectors]: now.vectors, [EXPECTATIONS.mass]: now.mass }
}

const named = (tensors: Tensors): Expectations => ({
  vectors: tensors[EXPECTATIONS.vectors]!,
  mass: tensors[EXPECTATIONS.mass]!
})

interface Change {
  /** Of a parameter. */
  readonly name: string
  change(value: Tensor): Tensor
}

const momentumOf = (inputs: Tensors) => ({
  momentum: inputs['momentum']!,
  oneMinusMomentum: inputs['oneMinusMomentum']!
})

function changeNamed(inputs: Tensors, moved: Tensors, changes: readonly Change[]): Record<string, Tensor> {
  const next: Record<string, Tensor> = {}
  for (const { name, change } of changes) {
    const value = change(moved[`student.${name}`]!)
    next[`student.${name}`] = value
    next[`teacher.${name}`] = nextTeacher(inputs[`teacher.${name}`]!, value, momentumOf(inputs))
  }
  return next
}

function changeFlat(
  plan: StepPlan,
  inputs: Tensors,
  moved: Tensors,
  changes: readonly Change[]
): Record<string, Tensor> {
  let student = moved[flatName('student')]!
  let teacher = moved[flatName('teacher')]!
  for (const place of layoutOf(plan).places) {
    const change = changes.find(({ name }) => name === place.name)
    if (!change) continue
    const value = change.change(pieceOf(student, place))
    const before = pieceOf(inputs[flatName('teacher')]!, place)
    student = withPiece(student, place, value)
    teacher = withPiece(teacher, place, nextTeacher(before, value, momentumOf(inputs)))
  }
  return { [flatName('student')]: student, [flatName('teacher')]: teacher }
}

function withPiece(matrix: Tensor, { firstRow, rows, elements }: Place, piece: Tensor): Tensor {
  const stretch = tf.reshape(piece, [elements])
  const missing = rows * LANE - elements
  const own = tf.reshape(missing === 0 ? stretch : tf.pad(stretch, [[0, missing]]), [rows, LANE])
  const parts = [own]
  if (firstRow > 0) parts.unshift(tf.slice(matrix, [0, 0], [firstRow, -1]))
  const after = firstRow + rows
  if (after < matrix.shape[0]!) parts.push(tf.slice(matrix, [after, 0], [-1, -1]))
  return tf.concat(parts)
}
