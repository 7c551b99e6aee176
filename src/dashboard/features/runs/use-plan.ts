import { useEffect, useState } from 'react'
import { isAbort, type Problem, toProblem } from '../../api/problem.ts'
import type { RunPlan } from '../../api/wire-runs.ts'
import { useClient } from '../../data/api.ts'

/** Long enough to type a number, short enough to feel live. */
const TYPING_MS = 350

export interface Plan {
  /** Of the last valid request: stays on screen while the next is checked, or refused. */
  readonly plan: RunPlan | null
  readonly problem: Problem | null
  readonly isChecking: boolean
}

/** Asks the API what the request would become, without making a run. `body` is JSON text, or null to ask nothing. */
export function usePlan(body: string | null): Plan {
  const client = useClient()
  const [state, setState] = useState<Plan>({ plan: null, problem: null, isChecking: false })

  useEffect(() => {
    if (body === null) {
      setState({ plan: null, problem: null, isChecking: false })
      return
    }
    const controller = new AbortController()
    setState((before) => ({ ...before, isChecking: true }))
    const timer = setTimeout(async () => {
      try {
        const options = { body: JSON.parse(body) as unknown, signal: controller.signal }
        const plan = await client.send<RunPlan>('POST', '/v1/runs:validate', options)
        setState({ plan, problem: null, isChecking: false })
      } catch (error) {
        if (controller.signal.aborted || isAbort(error)) return
        setState((before) => ({ ...before, problem: toProblem(error), isChecking: false }))
      }
    }, TYPING_MS)
    return () => {
      clearTimeout(timer)
      controller.abort()
    }
  }, [client, body])

  return state
}
