/**
 * The same update over the matrix of all parameters, for engines that fuse: one pass over the gradient for the norms, one
 * over everything for AdamW and the moving average. What differs between parameters is a column with a number for each row.
 */
import { ownedSums } from '../../engine/ops/owned-sums.ts'
import { type Tensor, type Tensors, tf } from '../../engine/tf.ts'
import { type Momentum, nextTeacher } from '../../ssl/teacher.ts'
import { type FlatLayout, ownersOf, type Place } from './flat-layout.ts'
import { flatName, layoutOf } from './held-state.ts'
import { ADAM } from './inputs.ts'
import { type AdamScalars, adamW, chooseMoments, clipFactor } from './optimizer.ts'
import type { StepPlan } from './plan.ts'
import { scalingMetrics, scalingOf } from './scaling.ts'
import { adamScalars, type Update } from './update.ts'

/** @param gradient of all parameters, as the matrix */
export function flatUpdate(plan: StepPlan, inputs: Tensors, gradient: Tensor): Update {
  const layout = layoutOf(plan)
  const owners = tf.tensor1d(ownersOf(layout), 'int32')
  const squares = ownedSums(tf.sum(tf.square(gradient), 1), owners, layout.places.length)
  const all = tf.sum(squares)
  const usable = scalingOf(plan, inputs).usable(all)
  return {
    metrics: scalingMetrics(tf.sqrt(all), usable),
    move() {
      const rows = { layout, owners, clip: clipFactor(squares, plan.clipGrad) }
      return nextState(inputs, { gradient, usable, ...columnsOf(plan, inputs, rows) })
    }
  }
}

interface Given extends Columns {
  readonly gradient: Tensor
  readonly usable: Tensor | undefined
}

function nextState(inputs: Tensors, { gradient, usable, clip, ...numbers }: Given): Record<string, Tensor> {
  const before = {
    value: inputs[flatName('student')]!,
    m: inputs[flatName('adam.m')]!,
    v: inputs[flatName('adam.v')]!
  }
  const moved = adamW({ ...before, gradient, clip, decayed: true }, numbers)
  const { value, m, v } = usable ? chooseMoments(usable, moved, before) : moved
  return {
    [flatName('adam.m')]: m,
    [flatName('adam.v')]: v,
    [flatName('student')]: value,
    [flatName('teacher')]: nextTeacher(inputs[flatName('teacher')]!, value, numbers)
  }
}

const NUMBERS = [...ADAM, 'momentum', 'oneMinusMomentum'] as const

/** [rows, 1] each. */
interface Columns extends AdamScalars, Momentum {
  readonly clip: Tensor | undefined
}

interface Rows {
  readonly layout: FlatLayout
  readonly owners: Tensor
  /** Of each place. */
  readonly clip: Tensor | undefined
}

/** From numbers of the few kinds of parameters to numbers of every parameter to numbers of every row. */
function columnsOf(plan: StepPlan, inputs: Tensors, { layout, owners, clip }: Rows): Columns {
  const { places } = layout
  const teachers = new Set(plan.teacherParameters.map(({ name }) => name))
  const kindOf = ({ lastLayer, decayed, name }: Place): Kind => ({ lastLayer, decayed, followed: teachers.has(name) })
  const kinds = [...new Map(places.map(kindOf).map((kind) => [keyOf(kind), kind])).values()]
  const keys = kinds.map(keyOf)
  const scalars = kinds.flatMap((kind) => numbersOf(inputs, kind)).map((scalar) => tf.reshape(scalar, [1]))
  const ofKinds = tf.reshape(tf.concat(scalars), [kinds.length, NUMBERS.length])
  const kindIndices = places.map((place) => keys.indexOf(keyOf(kindOf(place))))
  const ofPlaces = tf.gather(ofKinds, tf.tensor1d(kindIndices, 'int32'))
  const withClip = clip ? tf.concat([ofPlaces, tf.reshape(clip, [-1, 1])], 1) : ofPlaces
  const ofRows = tf.gather(withClip, owners as tf.Tensor1D)
  const column = (index: number): Tensor => tf.slice(ofRows, [0, index], [-1, 1])
  const named = Object.fromEntries(NUMBERS.map((name, index) => [name, column(index)]))
  return { ...(named as Record<(typeof NUMBERS)[number], Tensor>), clip: clip && column(NUMBERS.length) }
}

/** What parameters have in common whose rows have the same numbers. */
interface Kind {
  readonly lastLayer: boolean
  readonly decayed: boolean
  /** Whether the teacher has it too. */
  readonly followed: boolean
}

const keyOf = ({ lastLayer, decayed, followed }: Kind): string => [lastLayer, decayed, followed].join()

/** Scalars in the order of `NUMBERS`: a factor of 1 in place of a decay, and a teacher that stays 0, change no bit. */
function numbersOf(inputs: Tensors, { lastLayer, decayed, followed }: Kind): Tensor[] {
  const adam = adamScalars(inputs, lastLayer ? 'adamLastLayer' : 'adam')
  const decay = decayed ? adam.decay : tf.scalar(1)
  const average = followed ? [inputs['momentum']!, inputs['oneMinusMomentum']!] : [tf.scalar(1), tf.scalar(0)]
  return [...ADAM.map((name) => (name === 'decay' ? decay : adam[name])), ...average]
}
