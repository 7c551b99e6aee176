/** How often the event loop turns until the work is done. */
export async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let isDone = false
  const done = work.finally(() => (isDone = true))
  let turns = 0
  for (; !isDone; turns++) await new Promise<void>((resolve) => setImmediate(resolve))
  await done
  return turns
}
