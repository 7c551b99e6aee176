/** Names inside archives: none of them is ever used as a path, and those that try to be one are refused. */

export type JudgedName =
  | { readonly kind: 'file'; readonly name: string; readonly className: string | null }
  /** Folders, hidden files and what operating systems leave behind. */
  | { readonly kind: 'skipped' }
  | { readonly kind: 'unsafe' }

const LITTER = new Set(['__MACOSX', 'Thumbs.db', 'desktop.ini'])

/** Absolute names, drive letters and climbing out of the archive; none is a file that someone packed on purpose. */
const isUnsafe = (name: string, parts: readonly string[]): boolean =>
  name.startsWith('/') || /^[a-zA-Z]:/.test(name) || name.includes('\0') || parts.includes('..')

export function judgeName(raw: string): JudgedName {
  const name = raw.replaceAll('\\', '/')
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  if (isUnsafe(name, parts)) return { kind: 'unsafe' }
  if (name.endsWith('/') || parts.length === 0) return { kind: 'skipped' }
  if (parts.some((part) => part.startsWith('.') || LITTER.has(part))) return { kind: 'skipped' }
  return { kind: 'file', name: parts.join('/'), className: parts.at(-2) ?? null }
}
