/** Where the linters of infra/ are. */
import { delimiter, join, resolve } from 'node:path'

export const TOOLS = resolve(import.meta.dirname, '../../.cache/infra-tools')

/** What infra/tools.sh brought goes before what the machine has, since its version is the one that was tried. */
export const pathsOfTools = (env: NodeJS.ProcessEnv): readonly string[] => [
  join(TOOLS, 'bin'),
  join(TOOLS, 'venv/bin'),
  ...(env['PATH'] ?? '').split(delimiter),
  join(env['GOPATH'] ?? join(env['HOME'] ?? '/', 'go'), 'bin')
]
