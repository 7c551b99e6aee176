import { useCallback, useEffect, useRef, useState } from 'react'
import { isAbort, type Problem, toProblem } from '../api/problem.ts'

export interface Action<A extends readonly unknown[]> {
  /** Resolves when it is over: true after a success, false when it failed (`problem` says how) or was aborted. */
  readonly run: (...parameters: A) => Promise<boolean>
  readonly isRunning: boolean
  readonly problem: Problem | null
  readonly cancel: () => void
  readonly clear: () => void
}

/** Something a user starts. One at a time: starting it again, or leaving the page, aborts the one before. */
export function useAction<A extends readonly unknown[]>(
  work: (signal: AbortSignal, ...parameters: A) => Promise<void>
): Action<A> {
  const [state, setState] = useState<{ isRunning: boolean; problem: Problem | null }>({
    isRunning: false,
    problem: null
  })
  const controller = useRef<AbortController | null>(null)
  const latest = useRef(work)
  latest.current = work

  const run = useCallback(async (...parameters: A) => {
    controller.current?.abort()
    const mine = new AbortController()
    controller.current = mine
    setState({ isRunning: true, problem: null })
    try {
      await latest.current(mine.signal, ...parameters)
      if (controller.current === mine) setState({ isRunning: false, problem: null })
      return true
    } catch (error) {
      if (controller.current !== mine) return false
      setState({ isRunning: false, problem: isAbort(error) ? null : toProblem(error) })
      return false
    }
  }, [])

  const cancel = useCallback(() => controller.current?.abort(), [])
  const clear = useCallback(() => setState({ isRunning: false, problem: null }), [])
  useEffect(() => () => controller.current?.abort(), [])
  return { run, ...state, cancel, clear }
}
