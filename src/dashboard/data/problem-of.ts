import { isAbort, type Problem, toProblem } from '../../client/problem.ts'

interface Tried {
  readonly error: Error | null
  /** Of the last try, while it is tried again. */
  readonly failureReason: Error | null
}

/** What is wrong with a query or a mutation now: said at the first failure, not after the last. Stopping is no problem. */
export function problemOf({ error, failureReason }: Tried): Problem | null {
  const thrown = failureReason ?? error
  return thrown === null || isAbort(thrown) ? null : toProblem(thrown)
}
