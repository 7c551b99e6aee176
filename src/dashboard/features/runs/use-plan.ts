import { useQuery } from '@tanstack/react-query'
import { useRef } from 'react'
import type { Problem } from '../../../client/problem.ts'
import type { RunPlan } from '../../../client/resources.ts'
import { useClient } from '../../data/api.ts'
import { problemOf } from '../../data/problem-of.ts'
import { planQuery } from '../../data/queries/runs.ts'
import { useSettled } from '../../data/use-settled.ts'

/** Long enough to type a number, short enough to feel live. */
const TYPING_MS = 350

interface Checked {
  /** Of the last valid request: stays on screen while the next is checked, or refused. */
  readonly plan: RunPlan | null
  readonly problem: Problem | null
}

export interface Plan extends Checked {
  readonly isChecking: boolean
}

const UNCHECKED: Checked = { plan: null, problem: null }

/** Asks the API what the request would become, without making a run. `body` is JSON text, or null to ask nothing. */
export function usePlan(body: string | null): Plan {
  const settled = useSettled(body, TYPING_MS)
  const query = useQuery(planQuery(useClient(), settled))
  const problem = problemOf(query)
  const isChecking = body !== null && (body !== settled || (query.isFetching && problem === null))
  const last = useRef(UNCHECKED)
  if (body === null) last.current = UNCHECKED
  else if (!isChecking) last.current = { plan: query.data ?? last.current.plan, problem }
  return { ...last.current, isChecking }
}
