import { readFileSync } from 'node:fs'

/** Kappa's own, from package.json: of the command line, the API's document and what is written into files. */
export const VERSION: string = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version
