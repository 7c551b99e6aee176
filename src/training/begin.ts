/**
 * The state that a run with an init has before its first step: student, teacher and anchor have the init's weights (of a
 * checkpoint those of its teacher), the optimizer knows nothing, and the mask token is as in a run without one.
 *
 *   head     MLP and prototypes                                 center
 *   taken    the init's; norms are 1 where the recipe fixes them  the init's, where it was made as the recipe makes it
 *   seeded   MLP as drawn, prototypes of seed-prototypes.ts     as in every new run
 *   new      as drawn                                           as in every new run
 *
 * Patches' own prototypes (iBOT) are taken with a head that has as many, and are as drawn otherwise.
 */
import { AppError, type FieldError } from '../base/errors.ts'
import type { FloatTensor } from '../base/safetensors.ts'
import { signedRows } from '../math/vectors.ts'
import type { InitHead, InitRecord } from '../recipe/init-record.ts'
import { networkOf } from '../recipe/network.ts'
import type { Centering, Recipe } from '../recipe/schema.ts'
import { networkParameters, type ParameterSpec } from '../ssl/parameters.ts'
import { type Seeding, seedPrototypes } from './seed-prototypes.ts'
import { initialState, type StateTensors } from './step/state.ts'

export interface InitWeights {
  /** `backbone.…` with positions for the run's crops, and `head.…` where there is one. */
  readonly tensors: ReadonlyMap<string, FloatTensor>
  /** [K] by the names of the state, `center.cls` and `center.patch`. */
  readonly centers: ReadonlyMap<string, Float32Array>
  /** How the centers were made; null where there are none. */
  readonly centering: Centering | null
}

export interface Init {
  readonly record: InitRecord
  /**
   * Called at step 0 alone.
   * @throws AppError init_unavailable when it is not what the record says
   */
  read(): Promise<InitWeights>
}

/** Names in a message; all are in `errors`. */
const MOST_NAMES = 8

/** Null when it was stopped. @throws AppError init_unavailable, weights_mismatch */
export async function firstState(begin: Seeding & { readonly init?: Init | undefined }): Promise<StateTensors | null> {
  const { recipe, init } = begin
  if (init === undefined) return initialState(recipe)
  const { head } = init.record
  const state = stateFrom(recipe, await init.read(), head)
  if (head !== 'seeded') return state
  return (await seedPrototypes(state, begin)) ? state : null
}

/** @throws AppError weights_mismatch naming each parameter that is missing or of another shape, and both shapes */
export function stateFrom(recipe: Recipe, weights: InitWeights, head: InitHead): StateTensors {
  const state = initialState(recipe)
  const { normalizeLastLayer, centering } = recipe.hyperparameters
  place(state, weights, { head, specs: networkParameters(networkOf(recipe)), normalizeLastLayer, centering })
  return state
}

export interface Placing extends Pick<Recipe['hyperparameters'], 'normalizeLastLayer' | 'centering'> {
  readonly head: InitHead
  /** Of the teacher. */
  readonly specs: readonly ParameterSpec[]
}

/** Writes the weights into a state that is as drawn. @throws AppError weights_mismatch */
export function place(state: StateTensors, weights: InitWeights, placing: Placing): void {
  const { head, specs, normalizeLastLayer, centering } = placing
  const copied = specs.filter((spec) => isCopied(spec, weights, head))
  checkShapes(copied, weights)
  for (const { name } of copied) set(state, name, weights.tensors.get(name)!.data)
  if (head !== 'taken') return
  if (normalizeLastLayer) fixNorms(state, copied)
  if (centering === weights.centering) takeCenters(state, weights)
}

function isCopied({ name, shape }: ParameterSpec, { tensors }: InitWeights, head: InitHead): boolean {
  if (name.startsWith('backbone.')) return true
  if (head !== 'taken') return false
  return !name.startsWith('head.last_layer2.') || isOfShape(tensors.get(name), shape)
}

const isOfShape = (tensor: FloatTensor | undefined, shape: readonly number[]): boolean =>
  tensor !== undefined && tensor.shape.join() === shape.join()

function checkShapes(specs: readonly ParameterSpec[], { tensors }: InitWeights): void {
  const errors = specs.flatMap(({ name, shape }): FieldError[] => {
    const found = tensors.get(name)
    if (found === undefined) return [{ path: name, message: 'is missing in the init' }]
    if (isOfShape(found, shape)) return []
    return [{ path: name, message: `is [${found.shape}] in the init, and [${shape}] in the run` }]
  })
  if (errors.length === 0) return
  const shown = errors.slice(0, MOST_NAMES).map(({ path, message }) => `${path} ${message}`)
  const more = errors.length > shown.length ? `; and ${errors.length - shown.length} more` : ''
  throw new AppError('weights_mismatch', { message: `The init does not fit: ${shown.join('; ')}${more}.`, errors })
}

function set(state: StateTensors, name: string, values: Float32Array): void {
  for (const network of ['student', 'teacher']) state[`${network}.${name}`]!.set(values)
  state[`anchor.${name}`]?.set(values)
}

/** A weight of negative norm points the other way, and keeps pointing there. */
function fixNorms(state: StateTensors, specs: readonly ParameterSpec[]): void {
  for (const { name } of specs) {
    if (!name.endsWith('.weight_g')) continue
    const rows = name.replace('weight_g', 'weight_v')
    const norms = state[`student.${name}`]!
    set(state, rows, signedRows(state[`student.${rows}`]!, norms))
    set(state, name, new Float32Array(norms.length).fill(1))
  }
}

function takeCenters(state: StateTensors, { centers }: InitWeights): void {
  for (const [name, values] of centers) if (state[name]?.length === values.length) state[name].set(values)
}
