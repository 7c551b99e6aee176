import { traceBackend } from '../trace/backend.ts'

/** What `compute` writes stays in float32 when a run multiplies in a lower precision; gradients of it do not, by themselves. */
export const exactly = <T>(compute: () => T): T => marking('isExact', compute)

/**
 * Products that `compute` writes may take rounded operands, and give float32 sums: for logits, whose κ of some hundreds
 * would leave bfloat16 half a nat.
 */
export const keepingSums = <T>(compute: () => T): T => marking('keepsSums', compute)

function marking<T>(mark: 'isExact' | 'keepsSums', compute: () => T): T {
  const { graph } = traceBackend
  const before = graph[mark]
  graph[mark] = true
  try {
    return compute()
  } finally {
    graph[mark] = before
  }
}
