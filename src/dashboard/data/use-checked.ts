import { type QueryKey, type UseQueryOptions, useQuery } from '@tanstack/react-query'
import { useRef } from 'react'
import type { KappaClient } from '../../client/client.ts'
import type { Problem } from '../../client/problem.ts'
import { useClient } from './api.ts'
import { problemOf } from './problem-of.ts'
import { useSettled } from './use-settled.ts'

/** Long enough to type a number, short enough to feel live. */
const TYPING_MS = 350

interface LastCheck<T> {
  /** To the last valid request: stays on screen while the next is checked, or refused. */
  readonly answer: T | null
  readonly problem: Problem | null
}

export interface Checked<T> extends LastCheck<T> {
  readonly isChecking: boolean
}

/** Asks the API what a request would become, without making anything. `body` is JSON text, or null to ask nothing. */
export function useChecked<T, K extends QueryKey>(
  body: string | null,
  queryOf: (client: KappaClient, body: string | null) => UseQueryOptions<T, Error, T, K>
): Checked<T> {
  const settled = useSettled(body, TYPING_MS)
  const query = useQuery(queryOf(useClient(), settled))
  const problem = problemOf(query)
  const isChecking = body !== null && (body !== settled || (query.isFetching && problem === null))
  const last = useRef<LastCheck<T>>({ answer: null, problem: null })
  if (body === null) last.current = { answer: null, problem: null }
  else if (!isChecking) last.current = { answer: query.data ?? last.current.answer, problem }
  return { ...last.current, isChecking }
}
