/** `a=1&metadata[team]=x` → { a: '1', metadata: { team: 'x' } }. A name that comes twice becomes a list, which no schema takes. */
export function parseQuery(text: string): Record<string, unknown> {
  const plain = new Map<string, unknown>()
  const groups = new Map<string, Map<string, string>>()
  for (const [name, value] of new URLSearchParams(text)) {
    const match = /^([^[\]]+)\[([^[\]]+)\]$/.exec(name)
    if (match?.[1] && match[2]) {
      const group = groups.get(match[1]) ?? new Map<string, string>()
      groups.set(match[1], group.set(match[2], value))
    } else {
      plain.set(name, plain.has(name) ? [plain.get(name), value].flat() : value)
    }
  }
  for (const [name, group] of groups) plain.set(name, Object.fromEntries(group))
  return Object.fromEntries(plain)
}
