/** Words of a command line as options: each is known, given once, and has a value where it needs one. */
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { refusal } from './command.ts'

type Options = NonNullable<ParseArgsConfig['options']>
type Parsed<O extends Options> = ReturnType<typeof parseArgs<{ options: O }>>['values']

export interface Words<O extends Options> {
  readonly values: Parsed<O>
  /** What belongs to no option. */
  readonly words: readonly string[]
}

/** @throws AppError invalid_request naming the word that is wrong */
export function readOptions<O extends Options>(args: readonly string[], options: O): Parsed<O> {
  const { values, words } = readWords(args, options)
  if (words[0] !== undefined) throw refusal(`${words[0]} belongs to no option.`)
  return values
}

/** @throws AppError invalid_request naming the option that is wrong */
export function readWords<O extends Options>(args: readonly string[], options: O): Words<O> {
  // What is strict about it are sentences of its own, three at a time.
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    options,
    allowPositionals: true,
    strict: false,
    tokens: true
  })
  const seen = new Set<string>()
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    const { name, rawName, value } = token
    const option = Object.hasOwn(options, name) ? options[name] : undefined
    if (option === undefined) throw refusal(`There is no option ${rawName}${likely(name, Object.keys(options))}.`)
    if (option.type === 'boolean' && value !== undefined) throw refusal(`${rawName} takes no value, and has ${value}.`)
    const isNext = token.inlineValue !== true && value?.startsWith('--') === true
    if (option.type === 'string' && (value === undefined || isNext)) throw refusal(`${rawName} needs a value.`)
    if (seen.has(name) && option.multiple !== true) throw refusal(`${rawName} is given twice.`)
    seen.add(name)
  }
  return { values: values as Parsed<O>, words: positionals } // every one was checked above
}

/** A name that begins as it does, or differs in one letter. */
function likely(name: string, known: readonly string[]): string {
  const found = known.find((one) => name.length > 2 && (one.startsWith(name) || isOneApart(one, name)))
  return found === undefined ? '' : `; --${found} is one`
}

function isOneApart(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false
  let at = 0
  while (at < a.length && a[at] === b[at]) at++
  return [a.slice(at + 1) === b.slice(at), a.slice(at) === b.slice(at + 1), a.slice(at + 1) === b.slice(at + 1)].some(
    Boolean
  )
}
