/** Letters to put in, take out or change to make one word of another. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const changed = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(changed, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}

/** Of names separated by dots the last part counts as well, so that `size` finds `crops.global.size`. Null when none is near. */
export function nearest(word: string, known: readonly string[]): string | null {
  const longest = Math.max(...known.map((one) => one.length))
  // A word of a hostile length costs no more than the longest name.
  const asked = word.slice(0, 2 * longest)
  const scored = known.map((name) => {
    const last = name.split('.').at(-1)!
    const score = Math.min(distance(asked, name), distance(asked.split('.').at(-1)!, last) + 0.5)
    return { name, score }
  })
  const best = scored.reduce((a, b) => (b.score < a.score ? b : a))
  return best.score <= Math.max(1.5, asked.length / 3) ? best.name : null
}
