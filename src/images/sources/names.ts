/** Names inside archives: none of them is ever used as a path, and those that try to be one are refused. */

export type JudgedName =
  | { readonly kind: 'file'; readonly name: string; readonly className: string | null }
  /** Folders, hidden files and what operating systems leave behind. */
  | { readonly kind: 'skipped' }
  | { readonly kind: 'refused'; readonly name: string; readonly code: string; readonly message: string }

const LITTER = new Set(['__MACOSX', 'Thumbs.db', 'desktop.ini'])

/** Every image's name is kept until its shard is written, and archives may have names of megabytes. */
const LONGEST_NAME = 1024

/** Absolute names, drive letters and climbing out of the archive; none is a file that someone packed on purpose. */
const isUnsafe = (name: string, parts: readonly string[]): boolean =>
  name.startsWith('/') || /^[a-zA-Z]:/.test(name) || parts.includes('..')

const refused = (raw: string, code: string, message: string): JudgedName => {
  return { kind: 'refused', name: raw.slice(0, LONGEST_NAME), code, message }
}

export function judgeName(raw: string): JudgedName {
  if (raw.length > LONGEST_NAME) {
    return refused(raw, 'name_too_long', `The name has ${raw.length} characters; at most ${LONGEST_NAME} are allowed.`)
  }
  const name = raw.replaceAll('\\', '/')
  if (name.includes('\0')) return refused(raw, 'unsafe_path', 'The name has a NUL character.')
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  if (isUnsafe(name, parts)) return refused(raw, 'unsafe_path', 'The name leads out of the archive.')
  if (name.endsWith('/') || parts.length === 0) return { kind: 'skipped' }
  if (parts.some((part) => part.startsWith('.') || LITTER.has(part))) return { kind: 'skipped' }
  return { kind: 'file', name: parts.join('/'), className: parts.at(-2) ?? null }
}
