/** A binary heap of numbers by distance: what was pushed nearest comes first. */

export interface NearestFirst {
  push(item: number, distance: number): void
  /** Null when there is none. */
  pop(): { readonly item: number; readonly distance: number } | null
}

export function createNearestFirst(): NearestFirst {
  const items: number[] = []
  const distances: number[] = []

  const swap = (i: number, j: number): void => {
    ;[items[i], items[j]] = [items[j]!, items[i]!]
    ;[distances[i], distances[j]] = [distances[j]!, distances[i]!]
  }

  return {
    push(item, distance) {
      let at = items.push(item) - 1
      distances.push(distance)
      for (let above = (at - 1) >> 1; at > 0 && distances[at]! < distances[above]!; above = (at - 1) >> 1) {
        swap(at, above)
        at = above
      }
    },

    pop() {
      if (items.length === 0) return null
      swap(0, items.length - 1)
      const [item, distance] = [items.pop()!, distances.pop()!]
      for (let at = 0; ; ) {
        const [left, right] = [2 * at + 1, 2 * at + 2]
        let least = at
        if (left < items.length && distances[left]! < distances[least]!) least = left
        if (right < items.length && distances[right]! < distances[least]!) least = right
        if (least === at) return { item, distance }
        swap(at, least)
        at = least
      }
    }
  }
}
