import { UNREADABLE } from './text.ts'

/** A stray per cent sign, or bytes in a row. */
const ESCAPES = /(?:%[0-9a-f]{2})+|%/gi

function decodeEscapes(escapes: string): string {
  try {
    return decodeURIComponent(escapes)
  } catch {
    return UNREADABLE
  }
}

type Values = Map<string, string | string[]>

/** Nobody catches what is thrown here: what cannot be decoded is marked, and validation refuses it by its parameter's name. */
function decode(text: string): string {
  const spaced = text.replaceAll('+', ' ')
  try {
    return decodeURIComponent(spaced)
  } catch {
    return spaced.replaceAll(ESCAPES, decodeEscapes)
  }
}

function add(values: Values, name: string, value: string): void {
  const earlier = values.get(name)
  if (earlier === undefined) values.set(name, value)
  else if (typeof earlier === 'string') values.set(name, [earlier, value])
  else earlier.push(value)
}

/** `a=1&metadata[team]=x` → { a: '1', metadata: { team: 'x' } }. A name that comes twice becomes a list, which few schemas take. */
export function parseQuery(text: string): Record<string, unknown> {
  const plain: Values = new Map()
  const groups = new Map<string, Values>()
  for (const pair of text.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decode(equals < 0 ? pair : pair.slice(0, equals))
    const value = equals < 0 ? '' : decode(pair.slice(equals + 1))
    const match = /^([^[\]]+)\[([^[\]]+)\]$/.exec(name)
    if (!match?.[1] || !match[2]) {
      add(plain, name, value)
      continue
    }
    const group: Values = groups.get(match[1]) ?? new Map()
    groups.set(match[1], group)
    add(group, match[2], value)
  }
  const grouped = [...groups].map(([name, group]) => [name, Object.fromEntries(group)] as const)
  return Object.fromEntries([...plain, ...grouped])
}
