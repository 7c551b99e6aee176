import { useCallback, useEffect, useRef, useState } from 'react'
import { backoffMs } from '../api/backoff.ts'
import { isAbort, type Problem, toProblem } from '../api/problem.ts'
import { useClient } from './api.ts'

export interface Resource<T> {
  /** Of the current path; stays while it is fetched again, also when that fails. */
  readonly data: T | null
  /** Of the last try; null after a success. */
  readonly problem: Problem | null
  readonly isLoading: boolean
  readonly refresh: () => void
}

export interface ResourceOptions<T> {
  /** Milliseconds until the next fetch, or null for none. */
  readonly pollMs?: (data: T) => number | null
}

interface Held<T> {
  readonly path: string | null
  readonly data: T | null
  readonly problem: Problem | null
  readonly isLoading: boolean
}

const nothing = { data: null, problem: null, isLoading: true } as const

/** Runs `work` after `ms`, or once the tab is looked at again: hidden tabs do not poll. */
function schedule(ms: number, work: () => void): () => void {
  const whenVisible = () => {
    if (document.visibilityState !== 'visible') return
    document.removeEventListener('visibilitychange', whenVisible)
    work()
  }
  const timer = setTimeout(() => {
    document.addEventListener('visibilitychange', whenVisible)
    whenVisible()
  }, ms)
  return () => {
    clearTimeout(timer)
    document.removeEventListener('visibilitychange', whenVisible)
  }
}

/** GET of one path: loaded, polled with backoff on failure, aborted when the path changes or the page is left. */
export function useResource<T>(path: string | null, options: ResourceOptions<T> = {}): Resource<T> {
  const client = useClient()
  const [held, setHeld] = useState<Held<T>>({ path, ...nothing })
  const [round, setRound] = useState(0)
  const pollMs = useRef(options.pollMs)
  pollMs.current = options.pollMs

  // biome-ignore lint/correctness/useExhaustiveDependencies: `round` is how refresh() asks for another fetch
  useEffect(() => {
    if (path === null) return
    const controller = new AbortController()
    let cancelNext = () => {}
    let failures = 0

    const fetchOnce = async () => {
      try {
        const data = await client.get<T>(path, controller.signal)
        failures = 0
        setHeld({ path, data, problem: null, isLoading: false })
        const next = pollMs.current?.(data) ?? null
        if (next !== null && !controller.signal.aborted) cancelNext = schedule(next, fetchOnce)
      } catch (error) {
        if (controller.signal.aborted || isAbort(error)) return
        const problem = toProblem(error)
        failures += 1
        setHeld((before) => ({ path, data: before.path === path ? before.data : null, problem, isLoading: false }))
        const { status } = problem.details
        const mayPass = status === 0 || status === 429 || status >= 500
        if (pollMs.current && mayPass) cancelNext = schedule(backoffMs(failures, Math.random()), fetchOnce)
      }
    }
    void fetchOnce()
    return () => {
      controller.abort()
      cancelNext()
    }
  }, [client, path, round])

  const refresh = useCallback(() => setRound((before) => before + 1), [])
  const current = held.path === path ? held : nothing
  return { data: current.data, problem: current.problem, isLoading: path !== null && current.isLoading, refresh }
}
