/**
 * Schemathesis' configuration: which ids exist, who asks, and what it may not test, each with its reason. The file is
 * written for a run, since ids and keys are of the server that was just started.
 */
import type { ContractServer } from './server.ts'

/** Ids of things that exist are drawn in most cases; in the others anything that the schema allows, or does not. */
const KNOWN_ID_SHARE = 0.7

const IDS_OF_PATHS: readonly (readonly [pattern: string, parameter: string, id: string])[] = [
  ['^/v1/datasets/\\{', 'path.id', 'dataset'],
  ['^/v1/datasets/\\{id\\}/versions/\\{', 'path.version', 'version'],
  ['^/v1/runs/\\{', 'path.id', 'run'],
  ['^/v1/models/\\{', 'path.id', 'model'],
  ['^/v1/models/\\{id\\}/prototypes/\\{', 'path.index', 'prototype']
]

const quoted = (text: string): string => JSON.stringify(text)

export function schemathesisConfig({ url, ids }: ContractServer, key: string): string {
  const dictionaries = Object.entries(ids).map(([name, id]) => `${name} = { values = [${quoted(id)}] }`)
  const operations = IDS_OF_PATHS.map(
    ([pattern, parameter, id]) => `[[operations]]
include-path-regex = ${quoted(pattern)}
parameters = { ${quoted(parameter)} = { dictionary = ${quoted(id)}, probability = ${KNOWN_ID_SHARE} } }
`
  )
  return `base-url = ${quoted(url)}
[auth.openapi.key]
bearer = ${quoted(key)}
[generation]
database = "none"
[dictionaries]
${dictionaries.join('\n')}

${operations.join('\n')}`
}

export type Caller = 'admin' | 'weak'

/** Few enough that every operation gets its turn within the time; the seed changes from run to run. */
const EXAMPLES = 12

export const schemathesisArguments = (
  caller: Caller,
  { seed, seconds }: { readonly seed: string; readonly seconds: number }
): readonly string[] => [
  ...['--seed', seed, '--max-time', String(seconds), '--max-examples', String(EXAMPLES)],
  ...['--workers', '1', '--request-timeout', '30', '--continue-on-failure', '--no-color', '--no-shrink'],
  ...(caller === 'weak' ? ['--checks', WEAK_CHECKS.join(',')] : [])
]

/** A weak key is refused nearly everything, which is right: whether valid data are taken is the administrator's to see. */
const WEAK_CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_schema_conformance',
  'response_headers_conformance'
]
