/** What the commands share: how words are read, how failures are told, what the exit codes mean. */
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { AppError, type ErrorCode, type FieldError, isAppError, toError } from '../base/errors.ts'
import { createOutput, type Output } from './output.ts'

export const EXIT = { done: 0, failed: 1, refused: 2, stopped: 3 } as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

export const EXIT_CODES = `Exit codes: 0 done · 1 failed while working · 2 refused: a flag, recipe, folder or file, named
            · 3 stopped by Ctrl-C or --max-steps, to be gone on from`

export interface Command {
  readonly usage: string
  /** @throws AppError */
  run(args: readonly string[], output: Output): Promise<ExitCode>
}

/** What a user can put right; everything else went wrong while working. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'invalid_request',
  'invalid_recipe',
  'dataset_empty',
  'dataset_not_found',
  'archive_invalid',
  'archive_too_large',
  'source_unreachable',
  'checkpoint_invalid',
  'checkpoint_not_found',
  'weights_unsupported',
  'weights_mismatch',
  'model_not_found',
  'model_not_ready'
])

export const exitCodeOf = (code: ErrorCode): ExitCode => (REFUSALS.has(code) ? EXIT.refused : EXIT.failed)

export const refusal = (message: string, errors?: readonly FieldError[]): AppError =>
  new AppError('invalid_request', errors === undefined ? { message } : { message, errors })

/** One command from its words to its exit code. Nothing is thrown but bugs. */
export async function runCommand(name: string, command: Command, args: readonly string[]): Promise<ExitCode> {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(command.usage)
    return EXIT.done
  }
  const output = createOutput({ isJson: args.includes('--json') })
  try {
    return await command.run(args, output)
  } catch (error) {
    if (!isAppError(error)) throw error
    const code = exitCodeOf(error.code)
    tell(output, error)
    if (error.code === 'invalid_request' && !output.isJson) output.line(`kappa ${name} --help shows the options.`)
    return code
  }
}

function tell(output: Output, { code, message, details }: AppError): void {
  const errors = details.errors ?? []
  // A message that lists its fields already does not get them twice.
  const fields = errors
    .filter(({ path }) => !message.includes(path))
    .map(({ path, message }) => `\n  ${path} ${message}`)
  output.show({ type: 'failed', code, message, ...(errors.length > 0 && { errors }) }, `${message}${fields.join('')}`)
}

/** @throws AppError invalid_request naming the word that is wrong */
export function readOptions<Options extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: Options
) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: false, strict: true }).values
  } catch (error) {
    // parseArgs explains itself: "Unknown option '--imges'…", at length after the first sentence.
    throw refusal(toError(error).message.split('. To specify')[0] ?? '')
  }
}

export interface NumberRange {
  readonly least?: number
}

/** @throws AppError invalid_request unless it is a whole number, `least` or more */
export function wholeNumber(flag: string, value: string, { least = 0 }: NumberRange = {}): number {
  const number = Number(value)
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(number))
    throw refusal(`--${flag} must be a whole number, not ${value}.`)
  if (number < least) throw refusal(`--${flag} must be ${least} or more, not ${value}.`)
  return number
}

/** @throws AppError invalid_request when the flag was not given */
export function needed(flag: string, value: string | undefined): string {
  if (value === undefined || value === '') throw refusal(`--${flag} is needed.`)
  return value
}
