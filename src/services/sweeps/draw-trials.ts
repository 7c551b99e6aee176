/** From what is to be varied to the trials: the same ones for the same request, whoever asks and when. */

import type { SweepChoice, SweepRange, SweepSpace, SweepValue } from '../../domain/sweep.ts'
import { type Prng, prng } from '../../math/prng.ts'

export interface DrawnValue {
  readonly value: SweepValue
  /** Which of the listed values it is; null where it lies between two numbers. */
  readonly index: number | null
}

/** What one trial sets, field by field. */
export type DrawnTrial = ReadonlyMap<string, DrawnValue>

/** Of a grid, before anything is made of it. */
export const countTrials = (space: SweepSpace): number =>
  space.kind === 'random'
    ? space.trials
    : Object.values(space.fields).reduce((product, values) => product * values.length, 1)

/** @param space of no more trials than there may be: `countTrials` */
export const drawTrials = (space: SweepSpace): readonly DrawnTrial[] =>
  space.kind === 'grid' ? gridOf(Object.entries(space.fields)) : randomOf(space)

/** The last field changes first, like digits of a number. */
const gridOf = (fields: readonly (readonly [string, readonly SweepValue[]])[]): readonly DrawnTrial[] =>
  fields.reduce<readonly DrawnTrial[]>(
    (trials, [field, values]) =>
      trials.flatMap((trial) => values.map((value, index) => new Map([...trial, [field, { value, index }]]))),
    [new Map()]
  )

function randomOf({ fields, trials, seed }: SweepSpace & { readonly kind: 'random' }): readonly DrawnTrial[] {
  // JSON objects have no order: the same fields written in another one are the same sweep.
  const inOrder = Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1))
  return Array.from({ length: trials }, (_, i) => {
    const random = prng(seed, i + 1)
    return new Map(inOrder.map(([field, choice]) => [field, draw(choice, random)]))
  })
}

function draw(choice: SweepChoice, random: Prng): DrawnValue {
  if (!('values' in choice)) return { value: drawBetween(choice, random), index: null }
  const index = random.integer(choice.values.length)
  return { value: choice.values[index]!, index }
}

/** More digits say nothing about a learning rate, and nobody could read a table of them. */
const DIGITS = 6

function drawBetween({ min, max, scale, isWhole }: SweepRange, random: Prng): number {
  // Whole numbers get the room up to the next one, or the largest would hardly ever be drawn.
  const end = isWhole ? max + 1 : max
  const drawn =
    scale === 'log' ? Math.exp(random.uniformBetween(Math.log(min), Math.log(end))) : random.uniformBetween(min, end)
  const value = isWhole ? Math.floor(drawn) : Number(drawn.toPrecision(DIGITS))
  return Math.min(max, Math.max(min, value))
}
