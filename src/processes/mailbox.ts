/** A queue between a pushing side and one async reader, in order. It ends when it is told to and has been read empty. */
export interface Mailbox<T> extends AsyncIterable<T> {
  push(item: T): void
  end(): void
}

export function createMailbox<T>(): Mailbox<T> {
  const items: T[] = []
  let hasEnded = false
  let wake = () => {}
  const changed = () => {
    wake()
    wake = () => {}
  }
  return {
    push(item) {
      if (hasEnded) return
      items.push(item)
      changed()
    },
    end() {
      hasEnded = true
      changed()
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const item = items.shift()
        if (item !== undefined) yield item
        else if (hasEnded) return
        else {
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
      }
    }
  }
}
