/** A state between checkpoints, which know every tensor by its name, and the step, which may hold the trained ones as one. */
import { invariant } from '../../base/errors.ts'
import type { Outputs } from '../../engine/engine.ts'
import { joinValues, valuesAt } from './flat-layout.ts'
import { COPIES, flatName, layoutOf, stepStateSpecs } from './held-state.ts'
import type { StepPlan } from './plan.ts'
import type { StateTensors } from './state.ts'

/** A named state in the form that the plan's step takes. */
export function packState(plan: StepPlan, named: StateTensors): StateTensors {
  if (!plan.flat) return named
  const layout = layoutOf(plan)
  const matrices = new Map(COPIES.map((copy) => [flatName(copy), copy]))
  const packed = stepStateSpecs(plan).map(({ name }): [string, Float32Array] => {
    const copy = matrices.get(name)
    return [name, copy ? joinValues(layout, (parameter) => named[`${copy}.${parameter}`]) : held(named, name)]
  })
  return Object.fromEntries(packed)
}

/** The exact inverse. @param names of named tensors, of all by default */
export function unpackState(plan: StepPlan, state: Outputs, names: readonly string[] = namedState(plan)): StateTensors {
  if (!plan.flat) return Object.fromEntries(names.map((name) => [name, held(state, name)]))
  const sourceOf = sourcesOf(plan)
  return Object.fromEntries(
    names.map((name) => {
      const source = sourceOf(name)
      const values = held(state, source.tensor)
      return [name, source.place ? valuesAt(values, source.place) : values]
    })
  )
}

/** The tensors of the step's state that hold the named ones. */
export function heldNames(plan: StepPlan, names: readonly string[]): string[] {
  if (!plan.flat) return [...names]
  const sourceOf = sourcesOf(plan)
  return [...new Set(names.map((name) => sourceOf(name).tensor))]
}

const namedState = (plan: StepPlan): string[] => stepStateSpecs({ ...plan, flat: false }).map(({ name }) => name)

/** Where a named tensor is: a stretch of a matrix, or a tensor of its own. */
function sourcesOf(plan: StepPlan) {
  const places = new Map(layoutOf(plan).places.map((place) => [place.name, place]))
  return (name: string) => {
    const copy = COPIES.find((prefix) => name.startsWith(`${prefix}.`))
    const place = copy && places.get(name.slice(copy.length + 1))
    return place ? { tensor: flatName(copy), place } : { tensor: name }
  }
}

function held(state: Readonly<Record<string, Float32Array>>, name: string): Float32Array {
  const values = state[name]
  invariant(values, `the state has ${name}`)
  return values
}
