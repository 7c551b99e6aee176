/** What a process is told by its environment, or why it cannot begin. */
import { isAppError } from '../base/errors.ts'
import { resolveReferences } from '../storage/secrets/references.ts'
import { type Config, InvalidEnvironment, readConfig } from './config.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** In words for whoever wrote the environment; null of a fault that is ours, which has a stack. */
export const wordsOfRefusal = (error: unknown): string | null =>
  error instanceof InvalidEnvironment || isAppError(error) ? error.message : null

/** 2 of what no second start would mend: units of systemd do not start such a process again. */
export const exitCodeFor = (error: unknown): number => (error instanceof InvalidEnvironment ? 2 : 1)

/** Ends the process where the environment is not valid, or what it names cannot be read, with a line and no stack. */
export async function configOrExit(env: Environment, own: Environment = {}): Promise<Config> {
  try {
    return readConfig({ ...(await resolveReferences(env)), ...own })
  } catch (error) {
    const words = wordsOfRefusal(error)
    if (words === null) throw error
    process.stderr.write(`${words}\n`)
    return process.exit(exitCodeFor(error))
  }
}
