/** What a plugin says went wrong, as an AppError whose message a reader can use. */
import { AppError, type ErrorCode } from '../../base/errors.ts'
import { ERROR_CODES } from './error-codes.ts'

/** Longer than any first line of XLA's that was seen, and shorter than the programs that some lines quote. */
const LONGEST = 400

export class PluginError extends AppError {
  /** Of `PJRT_Error_Code`. */
  readonly status: number

  constructor(code: ErrorCode, status: number, message: string, cause: Error) {
    super(code, { message }, { cause })
    this.status = status
  }
}

/** @returns out_of_memory where the device has no room; otherwise internal, for the program or the call is wrong */
export function pluginError(name: string, status: number, text: string): PluginError {
  const words = firstLine(text)
  const cause = new Error(`PJRT_${name}: ${text}`)
  return status === ERROR_CODES.resourceExhausted
    ? new PluginError('out_of_memory', status, `The device has too little memory: ${words}`, cause)
    : new PluginError('internal', status, words, cause)
}

/** Stack traces and quoted programs follow it. */
function firstLine(text: string): string {
  const line = text.split('\n').find((candidate) => candidate.trim() !== '') ?? 'The plugin says no more.'
  return line.length <= LONGEST ? line.trim() : `${line.slice(0, LONGEST).trim()} …`
}
