/** `--set NAME=VALUE`, as often as wanted. */
import type { Setting } from '../recipe/fields.ts'
import { refusal } from './command.ts'

/** @throws AppError invalid_request for what has no `=`, or a name that is given twice */
export function readSettings(words: readonly string[] = []): readonly Setting[] {
  const names = new Set<string>()
  return words.map((word) => {
    const at = word.indexOf('=')
    const [name, value] = [word.slice(0, at), word.slice(at + 1)]
    if (at < 1 || value === '') throw refusal(`--set needs NAME=VALUE, not ${word}.`)
    if (names.has(name)) throw refusal(`--set ${name} is given twice.`)
    names.add(name)
    return { name, value }
  })
}
