/**
 * Text for a terminal. Names, notes and messages come from a server, from archives and from whoever may write to a project; a
 * terminal takes some characters of them as orders: ESC clears lines, sets titles and writes the clipboard (OSC 52), U+009B does the
 * same in one character, and overrides of direction let one name look like another.
 */

/** C0 but line feed and tab, DEL and C1, line separators, and what changes the direction of text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const ORDERS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g
/** JSON escapes C0 by itself. */
const ORDERS_IN_JSON = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/** Lines stay lines. */
export const printable = (text: string): string => text.replace(ORDERS, escaped)

/** For a cell, or a line that begins with a time: what is inside must not look like another one. */
export const oneLine = (text: string): string => printable(text).replace(/\n/g, '\\n').replace(/\t/g, ' ')

/** One line, and the same value for whoever parses it. */
export const printableJson = (value: unknown): string => JSON.stringify(value).replace(ORDERS_IN_JSON, escaped)
