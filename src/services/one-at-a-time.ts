/** Work that this process does once at a time for each id: a second caller waits for the first, then looks again. */
export function createOneAtATime() {
  const running = new Map<string, Promise<unknown>>()

  return async <T>(id: string, work: () => Promise<T>): Promise<T> => {
    for (let other = running.get(id); other !== undefined; other = running.get(id)) await other.catch(() => {})
    const mine = work()
    running.set(id, mine)
    try {
      return await mine
    } finally {
      running.delete(id)
    }
  }
}
