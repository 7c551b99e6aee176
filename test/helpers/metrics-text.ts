import assert from 'node:assert/strict'

/** Values by name and labels, as a scraper reads the text. */
export function parseMetrics(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  const entries = lines.map((line): [string, number] => {
    const [, name, value] = /^([a-z_:]\w*(?:\{(?:\w+="(?:[^"\\]|\\.)*",?)*\})?) (\S+)$/i.exec(line) ?? []
    assert.ok(name && value, line)
    return [name, Number(value)]
  })
  assert.equal(new Set(entries.map(([name]) => name)).size, entries.length, 'no series comes twice')
  return new Map(entries)
}
