/** The one rule for text that comes in: what Postgres, JSON and UTF-8 can hold, wherever in a request it stands. */
import type { FieldError } from '../../base/errors.ts'
import { UNFIT_FOR_NAMES } from '../../domain/names.ts'

/** Findings of one request: enough to mend it. */
const MOST_ERRORS = 16

/** White space that names may have, all of `\s` but what is unfit. */
const SPACES = ' \\u00a0\\u1680\\u2000-\\u200a\\u202f\\u205f\\u3000\\ufeff'

/** Of names: one line, and something beside space. Read from left to right once, however long the text is. */
export const NAME_PATTERN = `^[${SPACES}]*[^\\s${UNFIT_FOR_NAMES}][^${UNFIT_FOR_NAMES}]*$`

export const NAME_RULE =
  'must be one line that is not blank, without control characters, line separators or overrides of its direction'

/** Of files that are uploaded: a name without folders. */
export const FILENAME_PATTERN = `^[^/\\\\${UNFIT_FOR_NAMES}]*$`

export const FILENAME_RULE =
  'must be a name without folders, control characters, line separators or overrides of its direction'

export const UNSTORABLE = 'has a NUL or is not valid Unicode'

/** What stands for a percent-encoding that is not UTF-8: half of a surrogate pair, which the rule refuses. */
export const UNREADABLE = '\ud800'

/** Postgres refuses U+0000 in text and jsonb; a lone surrogate has no UTF-8 at all. */
const isStorable = (text: string): boolean => !text.includes('\0') && text.isWellFormed()

export const escapePointer = (key: unknown): string => String(key).replaceAll('~', '~0').replaceAll('/', '~1')
export const unescapePointer = (token: string): string => token.replaceAll('~1', '/').replaceAll('~0', '~')

/** Names are shown to the user who sent them, so they must be text themselves. */
const readable = (name: string): string => name.toWellFormed().replaceAll('\0', '\ufffd')

/** Every text and every name in `root` that breaks the rule. A stack, not recursion: bodies nest as deep as they are long. */
export function textErrors(root: unknown): FieldError[] {
  const errors: FieldError[] = []
  const rest: [path: string, value: unknown][] = [['', root]]
  for (let next = rest.pop(); next !== undefined && errors.length < MOST_ERRORS; next = rest.pop()) {
    const [path, value] = next
    if (typeof value === 'string' && !isStorable(value)) errors.push({ path, message: UNSTORABLE })
    if (typeof value !== 'object' || value === null) continue
    for (const [name, item] of Object.entries(value)) {
      const at = `${path}/${escapePointer(readable(name))}`
      if (!isStorable(name)) errors.push({ path: at, message: `has a name that ${UNSTORABLE}` })
      else rest.push([at, item])
    }
  }
  return errors
}
