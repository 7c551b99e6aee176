/**
 * Prototypes where the images are: a head that is new on a backbone that is not. The run's own first global crops go
 * through the backbone and the new MLP, and the directions of their clusters on the sphere (math/sphere-starts.ts) become
 * prototypes, each with the norm of a new one. Prototypes that no crop is left for stay as drawn.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Engine } from '../engine/engine.ts'
import type { Program } from '../engine/program.ts'
import type { TensorSpec } from '../engine/tensor-spec.ts'
import { prng } from '../math/prng.ts'
import { directionsOf } from '../math/sphere-starts.ts'
import { networkOf } from '../recipe/network.ts'
import type { Recipe } from '../recipe/schema.ts'
import { backboneOf, classToken } from '../ssl/backbone.ts'
import { bottleneck } from '../ssl/head.ts'
import { networkParameters, type ParameterSpec } from '../ssl/parameters.ts'
import { pixelPatches } from '../ssl/patches.ts'
import type { Batches } from './batches.ts'
import type { StateTensors } from './step/state.ts'

// Keeps the draws of starts apart from those of data and initialization.
const SEED_STREAM = 0x73656564
/** Of an epoch: with the demo's network and 256 prototypes all of it took 8 s of one core. */
const MOST_CROPS = 8192
/** Crops of one forward pass. */
const PIECE = 64

export interface Seeding {
  readonly recipe: Recipe
  readonly batches: Batches
  readonly engine: Engine
  readonly signal?: AbortSignal | undefined
}

/** Moves the prototypes of student and teacher. @returns false when it was stopped */
export async function seedPrototypes(state: StateTensors, seeding: Seeding): Promise<boolean> {
  const { recipe, signal } = seeding
  const vectors = await bottleneckVectors(state, seeding)
  if (vectors === null) return false
  const { bottleneckDim: dim, prototypes } = recipe.hyperparameters
  if (vectors.length === 0) return true
  const placing = directionsOf({ vectors, dim }, prototypes, prng(recipe.seed, SEED_STREAM))
  for (;;) {
    const { done, value } = placing.next()
    if (done) {
      for (const network of ['student', 'teacher']) state[`${network}.head.last_layer.weight_v`]!.set(value)
      return true
    }
    await nextTurn()
    if (signal?.aborted) return false
  }
}

/** [N, p] unit rows in float64; null when it was stopped. */
async function bottleneckVectors(state: StateTensors, seeding: Seeding): Promise<Float64Array | null> {
  const { recipe, batches, engine, signal } = seeding
  const parameters = readParameters(recipe)
  const program = bottleneckProgram(recipe, parameters)
  const weights = Object.fromEntries(parameters.map(({ name }) => [name, state[`teacher.${name}`]!]))
  const loaded = await engine.load(program)
  const pieces: Float32Array[] = []
  let crops = 0
  try {
    for (let step = 0; step < batches.stepsPerEpoch && crops < MOST_CROPS; step++) {
      const { globalCrops } = await batches.next(step)
      for (const images of cut(globalCrops, recipe)) {
        if (signal?.aborted) return null
        const { bottleneck: vectors } = await loaded.run({ ...weights, images })
        pieces.push(vectors!)
        crops += vectors!.length / recipe.hyperparameters.bottleneckDim
        await nextTurn()
      }
    }
  } finally {
    await loaded.dispose()
  }
  return unitRows(pieces, recipe.hyperparameters.bottleneckDim)
}

/** Of the network without its prototypes. */
const readParameters = (recipe: Recipe): ParameterSpec[] =>
  networkParameters(networkOf(recipe)).filter(({ lastLayer }) => !lastLayer)

/** Images uint8 [N, S, S, C] → bottleneck [N, p]. */
function bottleneckProgram(recipe: Recipe, parameters: readonly ParameterSpec[]): Program {
  const network = networkOf(recipe)
  const { imageSize, channels, patchSize } = network
  const weights = parameters.map(({ name, shape }): TensorSpec => ({ name, shape, dtype: 'float32' }))
  return {
    name: 'seeding',
    inputs: [...weights, { name: 'images', shape: [-1, imageSize, imageSize, channels], dtype: 'uint8' }],
    outputs: ['bottleneck'],
    build: (inputs) => {
      const patches = pixelPatches(inputs['images']!, patchSize, recipe.hyperparameters.normalization)
      return { bottleneck: bottleneck(inputs, classToken(backboneOf(network, inputs), patches)) }
    }
  }
}

function* cut(crops: Uint8Array, { hyperparameters }: Recipe): Generator<Uint8Array> {
  const bytes = PIECE * hyperparameters.crops.global.size ** 2 * hyperparameters.channels
  for (let from = 0; from < crops.length; from += bytes) yield crops.subarray(from, from + bytes)
}

/** float32 rows are of unit length up to 1e-7 only. */
function unitRows(pieces: readonly Float32Array[], dim: number): Float64Array {
  const rows = new Float64Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    rows.set(piece, at)
    at += piece.length
  }
  for (let from = 0; from < rows.length; from += dim) {
    const row = rows.subarray(from, from + dim)
    const norm = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0)) || 1
    for (let i = 0; i < dim; i++) row[i]! /= norm
  }
  return rows
}
