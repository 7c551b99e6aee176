/** Messages quote names of files that strangers chose, and Postgres takes neither NUL nor half of a surrogate pair. */
export const storableText = (message: string): string => message.toWellFormed().replaceAll('\0', '\ufffd')
