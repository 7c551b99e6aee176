/** What `--init` says: which weights a new run begins from, and whether a run that goes on began from the same. */
import { resolve } from 'node:path'
import { pointerToSnake } from '../base/casing.ts'
import type { ChosenRecipe } from '../recipe/auto.ts'
import { type RecipeDifference, wordOf } from '../recipe/differences.ts'
import { type Choose, type InitSubject, resolveInit } from '../recipe/init.ts'
import type { InitHead, InitRecord } from '../recipe/init-record.ts'
import type { RecipeRequest } from '../recipe/presets.ts'
import { refusal } from './command.ts'
import type { Output } from './output.ts'

/** @throws AppError for what cannot be begun from */
export type DescribeInit = (path: string) => Promise<InitSubject>

export interface InitFlags {
  readonly path: string
  /** Taken if it fits and seeded otherwise, unless it is given. */
  readonly head: InitHead | undefined
}

export interface Begun extends ChosenRecipe {
  /** Null where the run begins at random weights. */
  readonly init: InitRecord | null
  /** What of the recipe is the init's doing. */
  readonly changes: readonly RecipeDifference[]
}

/** Around a choice of recipes: with the init that the run may have. @throws AppError invalid_recipe */
export type Begin = (request: RecipeRequest, choose: Choose) => Begun

/** @throws AppError for what cannot be begun from */
export async function beginner(init: InitFlags | undefined, describe: DescribeInit): Promise<Begin> {
  if (init === undefined) return (request, choose) => ({ ...choose(request), init: null, changes: [] })
  const subject = await describe(resolve(init.path))
  return (request, choose) => resolveInit(request, { subject, head: init.head }, choose)
}

/** @throws AppError invalid_request when the run began from other weights, or otherwise from these */
export async function checkSameInit(
  began: InitRecord | null,
  { init, describe, out }: { init: InitFlags | undefined; describe: DescribeInit; out: string }
): Promise<void> {
  if (init === undefined) return
  if (began === null) throw refusal(`The run in ${out} began at random weights; --init is for a new one.`)
  const { from, sha256 } = await describe(resolve(init.path))
  if (sha256 !== began.sha256) throw refusal(`--init is ${from}, but the run in ${out} began from ${began.from}.`)
  if (init.head === undefined || init.head === began.head) return
  throw refusal(`--init-head is ${init.head}, but the run in ${out} was begun with ${began.head}.`)
}

const HEADS: Readonly<Record<InitHead, string>> = {
  taken: 'its head',
  seeded: "a new head with prototypes at the images' clusters",
  new: 'a new head'
}

export function showInit({ init, changes }: Pick<Begun, 'init' | 'changes'>, output: Output): void {
  if (init === null) return
  const { from, head, resampledFrom } = init
  const positions = resampledFrom === null ? '' : `, positions of ${resampledFrom} pixels resampled`
  const lines = changes.map(
    ({ path, before, after }) =>
      `\n  ${pointerToSnake(path.replace('/hyperparameters/', ''))}: ${wordOf(after)}, where the preset has ${wordOf(before)}`
  )
  const because = lines.length > 0 ? '; a run that goes on has' : ''
  output.show(
    { type: 'init', ...init, changes: changes.map((one) => ({ ...one, path: pointerToSnake(one.path) })) },
    `begins from ${from} with ${HEADS[head]}${positions}${because}${lines.join('')}`
  )
}
