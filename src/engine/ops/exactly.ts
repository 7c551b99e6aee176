import { traceBackend } from '../trace/backend.ts'

/** What `compute` writes stays in float32 when a run multiplies in a lower precision; gradients of it do not, by themselves. */
export function exactly<T>(compute: () => T): T {
  const { graph } = traceBackend
  const before = graph.isExact
  graph.isExact = true
  try {
    return compute()
  } finally {
    graph.isExact = before
  }
}
