import { useEffect, useReducer } from 'react'
import { followEvents, type StreamState } from '../../api/event-stream.ts'
import type { Problem } from '../../api/problem.ts'
import type { RunEvent } from '../../api/wire-runs.ts'
import { useClient } from '../../data/api.ts'
import { type EventFeed, emptyFeed, takeEvents } from './event-feed.ts'

export interface RunEvents extends EventFeed {
  readonly connection: StreamState
  readonly problem: Problem | null
}

type Change =
  | { readonly kind: 'events'; readonly events: readonly RunEvent[] }
  | { readonly kind: 'connection'; readonly connection: StreamState; readonly problem: Problem | null }

const initial: RunEvents = { ...emptyFeed, connection: 'connecting', problem: null }

function reduce(state: RunEvents, change: Change): RunEvents {
  if (change.kind === 'connection') return { ...state, connection: change.connection, problem: change.problem }
  return { ...state, ...takeEvents(state, change.events) }
}

/** A replay brings thousands of events at once: one render for all that came within this time. */
const GATHER_MS = 100

/** The run's events from its first on, live; `isOver` is asked when the API ends the stream. */
export function useRunEvents(runId: string, isOver: () => boolean): RunEvents {
  const client = useClient()
  const [state, dispatch] = useReducer(reduce, initial)

  // biome-ignore lint/correctness/useExhaustiveDependencies: isOver reads a ref and never asks for another stream
  useEffect(() => {
    const controller = new AbortController()
    let gathered: RunEvent[] = []
    let timer: ReturnType<typeof setTimeout> | undefined
    const flush = () => {
      timer = undefined
      dispatch({ kind: 'events', events: gathered })
      gathered = []
    }
    void followEvents({
      open: (lastEventId, signal) =>
        client.openStream(`/v1/runs/${encodeURIComponent(runId)}/events`, lastEventId, signal),
      lastEventId: null,
      onMessage: ({ data }) => {
        gathered.push(JSON.parse(data))
        timer ??= setTimeout(flush, GATHER_MS)
      },
      onState: (connection, problem) => dispatch({ kind: 'connection', connection, problem }),
      isOver,
      signal: controller.signal
    })
    return () => {
      controller.abort()
      clearTimeout(timer)
    }
  }, [client, runId])

  return state
}
