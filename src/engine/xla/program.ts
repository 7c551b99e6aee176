import { PROGRAM } from './pjrt-api.ts'
import { type Struct, structOf } from './structs.ts'

/** A program's text as plugins take it. */
export function programOf(text: string): Struct<typeof PROGRAM> {
  // The parser reads on to a zero, whatever the size says.
  const code = Buffer.from(`${text}\0`)
  const format = Buffer.from('mlir')
  return structOf(PROGRAM, { code, code_size: code.length - 1, format, format_size: format.length })
}
