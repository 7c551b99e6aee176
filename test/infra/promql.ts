/** Names of metrics in a PromQL expression: what is neither a function, a label, a word of the language nor a number. */
const WORDS = new Set('by without on ignoring group_left group_right and or unless bool offset inf nan'.split(' '))

export function metricsIn(expression: string): readonly string[] {
  const bare = expression
    .replace(/"(?:[^"\\]|\\.)*"/g, '""')
    .replace(/\{[^}]*\}/g, ' ')
    .replace(/\[[^\]]*\]/g, ' ')
    .replace(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, ' ')
  const found = [...bare.matchAll(/(?<![\w.])[a-zA-Z_:][\w:]*(?!\s*\(|[\w:])/g)].map(([name]) => name)
  return [...new Set(found.filter((name) => !WORDS.has(name)))]
}

/** What an exposition offers to a query: names of its `# TYPE` lines, with what a histogram is stored as. */
export function offeredBy(exposition: string): ReadonlySet<string> {
  const types = [...exposition.matchAll(/^# TYPE (\S+) (\S+)$/gm)]
  return new Set(
    types.flatMap(([, name, type]) =>
      type === 'histogram' || type === 'summary'
        ? [`${name}_count`, `${name}_sum`, type === 'histogram' ? `${name}_bucket` : name!]
        : [name!]
    )
  )
}
