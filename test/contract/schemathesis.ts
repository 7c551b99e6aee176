/**
 * Schemathesis' configuration: which ids exist, who asks, and what it may not test, each with its reason. The file is
 * written for a run, since ids and keys are of the server that was just started.
 */
import type { ContractServer } from './server.ts'

export type Caller = 'admin' | 'weak'

/** Ids of things that exist are drawn in most cases; in the others anything that the schema allows, or does not. */
const KNOWN_ID_SHARE = 0.7
/** Another project always: with one request a minute for its own, the tool is refused everything that comes after. */
const ALWAYS = 1

/**
 * Of each operation, for each caller. A count and no time: with a time the tool goes round until it is spent, so a faster
 * machine tries what no other has (4,400 requests on one, 7,500 on the next) and fails for a draw that nobody has seen.
 */
const EXAMPLES: Readonly<Record<Caller, number>> = { admin: 20, weak: 8 }

const IDS_OF_PATHS: readonly (readonly [pattern: string, parameter: string, id: string, share?: number])[] = [
  ['^/v1/projects/\\{', 'path.id', 'project', ALWAYS],
  ['^/v1/datasets/\\{', 'path.id', 'dataset'],
  ['^/v1/datasets/\\{id\\}/versions/\\{', 'path.version', 'version'],
  ['^/v1/runs/\\{', 'path.id', 'run'],
  ['^/v1/models/\\{', 'path.id', 'model'],
  ['^/v1/models/\\{id\\}/prototypes/\\{', 'path.index', 'prototype']
]

/**
 * What is not tested at all, with the reason:
 *
 *   revokeKey   revokes the key that asks, sooner or later; every answer after that is 401
 *
 * Datasets are deleted by made-up ids and by those that a sequence of calls has made, not the one that all others read.
 */
const LEFT_OUT = ['revokeKey']

/**
 * Valid by its schema and refused all the same, because of what exists, which no schema says. Everywhere:
 *
 *   401, 403, 404, 409, 429   who asks, what exists, in which state, how often
 *   412                       an If-Match of what has been moved since
 *   413                       more bytes than this installation takes
 *   422                       an Idempotency-Key of another request; a recipe that cannot be trained as written
 *
 * and 400 for the operations of `BY_CONTENT`.
 */
const BY_STATE = [401, 403, 404, 409, 412, 413, 422, 429]

const IF_MATCH =
  'an If-Match is * or tags in quotes: where the tool covers other parts of a request, it sends 0, whatever the pattern says'

const BY_CONTENT: Readonly<Record<string, string>> = {
  updateDataset: IF_MATCH,
  updateRun: IF_MATCH,
  updateCheckpoint: IF_MATCH,
  updateSweep: IF_MATCH,
  updateEvaluation: IF_MATCH,
  updateVectorSet: IF_MATCH,
  updateDrift: IF_MATCH,
  updateKey: IF_MATCH,
  putModelAlias: IF_MATCH,
  deleteModelAlias: IF_MATCH,
  listDatasets: 'a cursor is one that this list has given',
  listUploads: 'a cursor is one that this list has given',
  listWeightUploads: 'a cursor is one that this list has given',
  listDatasetVersions: 'a cursor is one that this list has given',
  listDatasetImages: 'a cursor is one that this list has given',
  listRejectedFiles: 'a cursor is one that this list has given',
  listRuns: 'a cursor is one that this list has given',
  listRunCheckpoints: 'a cursor is one that this list has given',
  listModels: 'a cursor is one that this list has given',
  listEvaluations: 'a cursor is one that this list has given',
  listVectorSets: 'a cursor is one that this list has given',
  listFiles: 'what a page comes behind is in the list',
  listBatches: 'what a page comes behind is in the list',
  createFile: 'a file has a request a line',
  listPrototypeImages: 'a cursor is one that this list has given',
  listPrototypes: 'a cursor is one that this list has given',
  listKeys: 'a cursor is one that this list has given',
  listAudit: 'a cursor is one that this list has given',
  listProjects: 'a cursor is one that this list has given',
  listProjectKeys: 'a cursor is one that this list has given',
  listModelAliases: 'a cursor is one that this list has given',
  listSweeps: 'a cursor is one that this list has given',
  listWebhooks: 'a cursor is one that this list has given',
  listWebhookDeliveries: 'a cursor is one that this list has given',
  updateModel: 'a name has no space at its ends, and is none that an address cannot hold',
  createProject: 'what is kept by is a metric of docs/metrics.md',
  updateProject: 'what is kept by is a metric of docs/metrics.md',
  createRun: 'what is kept by is a metric of docs/metrics.md',
  validateRun: 'what is kept by is a metric of docs/metrics.md',
  forkRun: 'what is kept by is a metric of docs/metrics.md',
  validateFork: 'what is kept by is a metric of docs/metrics.md',
  getSweep: 'a metric is one of docs/metrics.md',
  createSweep: 'every trial is a valid run',
  validateSweep: 'every trial is a valid run',
  createWebhook: 'the URL is one that may be asked',
  updateWebhook: 'the URL is one that may be asked',
  getRunMetrics: 'a key is one of docs/metrics.md',
  createDatasetVersion: 'uploads are completed ones of the dataset',
  selectImages: 'a body is that of one strategy',
  listOutliers: 'a cursor is one that this list has given',
  listNearDuplicates: 'a cursor is one that this list has given',
  listProposedLabels: 'a cursor is one that this list has given',
  createModel: 'uploads are completed ones of weights',
  createUpload: 'a filename ends like something that is read',
  createWeightUpload: 'a filename ends like weights or their configuration',
  completeUpload: 'parts are those that were sent, with the ETags of their answers',
  completeWeightUpload: 'parts are those that were sent, with the ETags of their answers',
  createKey: 'a key expires in the future',
  createProjectKey: 'a key expires in the future',
  createEmbeddings: 'an image is one by its bytes',
  createModelEmbeddings: 'an image is one by its bytes',
  createAssignments: 'an image is one by its bytes',
  createAttentionMap: 'an image is one by its bytes',
  createHeatMap: 'an image is one by its bytes',
  searchVectorSet: 'one thing is looked for, with as many numbers as the model gives',
  inferModel: 'an image is one by its bytes, and a shape has as many',
  inferModelVersion: 'an image is one by its bytes, and a shape has as many'
}

/**
 * Left out of the checks: ensure_resource_availability takes a 201 as proof that something was made just now. With an
 * Idempotency-Key that an earlier sequence has used, it is that sequence's answer again, and names what it has deleted.
 */
const CHECK_LEFT_OUT = 'ensure_resource_availability'

/** How what is not valid may be refused: the tool's list, and what it leaves out, such as a draw of more than 16 kB. */
const REFUSED = [400, 401, 403, 404, 405, 406, 408, 409, 412, 413, 414, 415, 416, 417, 422, 429, 431]

/** A weak key is refused nearly everything, which is right: whether valid data are taken is the administrator's to see. */
const WEAK_CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_schema_conformance',
  'response_headers_conformance'
]

const quoted = (value: unknown): string => JSON.stringify(value)

const acceptance = (statuses: readonly number[]): string =>
  `positive_data_acceptance = { "expected-statuses" = ${quoted(['2xx', '3xx', ...statuses.map(String)])} }`

const operation = (filter: string, setting: string): string => `[[operations]]\n${filter}\n${setting}\n`

export function schemathesisConfig({ url, ids }: ContractServer, key: string): string {
  const dictionaries = Object.entries(ids).map(([name, id]) => `${name} = { values = [${quoted(id)}] }`)
  const known = IDS_OF_PATHS.map(([pattern, parameter, id, share = KNOWN_ID_SHARE]) =>
    operation(
      `include-path-regex = ${quoted(pattern)}\nexclude-method = "DELETE"`,
      `parameters = { ${quoted(parameter)} = { dictionary = ${quoted(id)}, probability = ${share} } }`
    )
  )
  const leftOut = operation(`include-operation-id = ${quoted(LEFT_OUT)}`, 'enabled = false')
  const byContent = operation(
    `include-operation-id = ${quoted(Object.keys(BY_CONTENT))}`,
    `checks = { ${acceptance([400, ...BY_STATE])} }`
  )
  return `base-url = ${quoted(url)}
[auth.openapi.key]
bearer = ${quoted(key)}
[generation]
database = "none"
[checks]
${acceptance(BY_STATE)}
${CHECK_LEFT_OUT} = { enabled = false }
negative_data_rejection = { "expected-statuses" = ${quoted(REFUSED.map(String))} }
[dictionaries]
${dictionaries.join('\n')}

${[leftOut, byContent, ...known].join('\n')}`
}

export const schemathesisArguments = (
  caller: Caller,
  { seed, examples = EXAMPLES[caller] }: { readonly seed: string; readonly examples?: number | undefined }
): readonly string[] => [
  ...['--seed', seed, '--max-examples', String(examples)],
  ...['--workers', '1', '--request-timeout', '30', '--continue-on-failure', '--no-color', '--no-shrink'],
  ...(caller === 'weak' ? ['--checks', WEAK_CHECKS.join(',')] : [])
]
