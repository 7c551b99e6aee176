import { useState } from 'react'
import type { Problem } from '../../../client/problem.ts'
import type { Evaluation, VectorSet } from '../../../client/resources.ts'
import { useClient } from '../../data/api.ts'
import { seenQuery } from '../../data/queries/exemplars.ts'
import { useResource } from '../../data/use-resource.ts'
import type { SetChoice } from './use-set-choice.ts'

/** Whose images stand for prototypes. */
export type Source =
  | { readonly by: 'evaluation'; readonly evaluation: Evaluation }
  | { readonly by: 'set'; readonly set: VectorSet }

export interface SourceChoice {
  readonly evaluations: readonly Evaluation[]
  /** Those that say which prototype wins each image. */
  readonly sets: readonly VectorSet[]
  readonly isKnown: boolean
  /** Of the evaluations. */
  readonly problem: Problem | null
  readonly retry: () => void
  /** Null until they are known, and where there is none. */
  readonly chosen: Source | null
  readonly choose: (id: string) => void
}

/** The newest evaluation unless another or a vector set is chosen; without evaluations the vector set of `setChoice`. */
export function useSourceChoice(model: string, setChoice: SetChoice): SourceChoice {
  const { data: evaluations, problem, retry } = useResource(seenQuery(useClient(), model))
  const [chosenId, setChosenId] = useState<string | null>(null)
  const sets = (setChoice.sets ?? []).filter(({ prototypes }) => prototypes !== null)
  const isSet = (id: string | null) => sets.some((set) => set.id === id)
  const evaluation = isSet(chosenId) ? undefined : (evaluations?.find(({ id }) => id === chosenId) ?? evaluations?.[0])
  const set = sets.find(({ id }) => id === setChoice.chosen?.id) ?? sets[0]
  const isKnown = evaluations !== null && (setChoice.sets !== null || setChoice.problem !== null)
  return {
    evaluations: evaluations ?? [],
    sets,
    isKnown,
    problem,
    retry,
    chosen: evaluation ? { by: 'evaluation', evaluation } : isKnown && set ? { by: 'set', set } : null,
    choose: (id) => {
      setChosenId(id)
      if (isSet(id)) setChoice.choose(id)
    }
  }
}
