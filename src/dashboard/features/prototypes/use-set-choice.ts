import { useState } from 'react'
import type { Problem } from '../../../client/problem.ts'
import type { VectorSet } from '../../../client/resources.ts'
import { useClient } from '../../data/api.ts'
import { searchableQuery } from '../../data/queries/vector-sets.ts'
import { useResource } from '../../data/use-resource.ts'

export interface SetChoice {
  /** Null until they are known. */
  readonly sets: readonly VectorSet[] | null
  readonly problem: Problem | null
  readonly chosen: VectorSet | null
  readonly choose: (id: string) => void
}

/** Whose images stand for prototypes and are looked through for neighbours: one for both, so that they can be compared. */
export function useSetChoice(model: string): SetChoice {
  const { data: sets, problem } = useResource(searchableQuery(useClient(), model))
  const [chosenId, choose] = useState<string | null>(null)
  const chosen = sets?.find(({ id }) => id === chosenId) ?? sets?.[0] ?? null
  return { sets, problem, chosen, choose }
}
