import { useEffect, useState } from 'react'
import { withQuery } from '../../api/client.ts'
import { isAbort, type Problem, toProblem } from '../../api/problem.ts'
import type { Page } from '../../api/wire.ts'
import type { Prototype } from '../../api/wire-models.ts'
import { useClient } from '../../data/api.ts'

const PAGE = 100
/** More dots than this lie on top of each other. */
const MOST_PROTOTYPES = 600

export interface MostUsed {
  readonly prototypes: readonly Prototype[]
  /** There are more than were fetched. */
  readonly isCut: boolean
  readonly isLoading: boolean
  readonly problem: Problem | null
}

/** The most used prototypes of a model, page by page. */
export function useMostUsed(path: string): MostUsed {
  const client = useClient()
  const [state, setState] = useState<MostUsed>({ prototypes: [], isCut: false, isLoading: true, problem: null })

  useEffect(() => {
    const controller = new AbortController()
    const load = async () => {
      let prototypes: readonly Prototype[] = []
      let after: string | null = null
      do {
        const query: string = withQuery(`${path}/prototypes`, { sort: '-usage', limit: PAGE, after })
        const page: Page<Prototype> = await client.get(query, controller.signal)
        prototypes = [...prototypes, ...page.data]
        after = page.has_more ? page.next_cursor : null
      } while (after !== null && prototypes.length < MOST_PROTOTYPES)
      setState({ prototypes, isCut: after !== null, isLoading: false, problem: null })
    }
    load().catch((error: unknown) => {
      if (controller.signal.aborted || isAbort(error)) return
      setState((before) => ({ ...before, isLoading: false, problem: toProblem(error) }))
    })
    return () => controller.abort()
  }, [client, path])

  return state
}
