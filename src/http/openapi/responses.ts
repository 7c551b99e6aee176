/** What an operation may answer: its own responses, and the failures that come of what it takes and who may ask. */
import { ERROR_CATALOGUE, type ErrorCode } from '../../base/errors.ts'
import type { Content, Operation } from '../core/operations.ts'
import { PROBLEM_TYPE, STATUS } from '../core/problem.ts'
import { Problem } from '../schemas/problem.ts'
import { failureHeaders, successHeaders } from './headers.ts'

export const isContent = (value: object): value is Content => 'content' in value

/** Of every address, whatever is done there. */
const ANYWHERE = [
  'invalid_request',
  'method_not_allowed',
  'receive_timeout',
  'expectation_failed',
  'headers_too_large',
  'internal'
] as const
const WITH_KEY = [
  'unauthorized',
  'forbidden',
  'rate_limited',
  'project_rate_limited',
  'database_unavailable',
  'database_read_only',
  'issuer_unavailable'
] as const
const WITH_BODY = ['body_too_large', 'unsupported_media_type'] as const
/** A GET has no locks that others wait for. */
const WRITING = ['write_conflict'] as const
const CHANGING = ['precondition_failed'] as const
const IDEMPOTENT = ['idempotency_key_reused', 'idempotency_in_progress'] as const

function problemsOf({ access, method, problems, params, body, isIdempotent }: Operation): Set<ErrorCode> {
  const isScoped = access !== 'public' && access !== 'signature'
  return new Set<ErrorCode>([
    ...problems,
    ...ANYWHERE,
    ...(isScoped ? WITH_KEY : []),
    ...(isScoped && method !== 'GET' ? WRITING : []),
    ...(params ? (['uri_too_long'] as const) : []),
    ...(body ? WITH_BODY : []),
    ...(method === 'PATCH' ? CHANGING : []),
    ...(isIdempotent ? IDEMPOTENT : [])
  ])
}

function describeSuccess(operation: Operation, status: string, response: object): object {
  const headers = successHeaders(operation)
  if (isContent(response)) {
    const { description = 'Done.', content } = response
    const hasBody = Object.keys(content).length > 0
    return { description, headers: { ...headers, ...response.headers }, ...(hasBody && { content }) }
  }
  if ('type' in response && response.type === 'null') {
    return { description: status === '304' ? 'Not modified.' : 'Done; no body.', headers }
  }
  return { description: 'Done.', headers, content: { 'application/json': { schema: response } } }
}

function describeFailure(operation: Operation, status: number, codes: readonly ErrorCode[]): object {
  return {
    description: codes.map((code) => `\`${code}\`: ${ERROR_CATALOGUE[code]}`).join('  \n'),
    headers: failureHeaders(operation, status),
    ...(operation.method !== 'HEAD' && { content: { [PROBLEM_TYPE]: { schema: Problem } } })
  }
}

export function describeResponses(operation: Operation): Record<string, object> {
  const byStatus = Map.groupBy(problemsOf(operation), (code) => STATUS[code])
  return Object.fromEntries([
    ...Object.entries(operation.responses).map(([status, response]) => [
      status,
      describeSuccess(operation, status, response)
    ]),
    ...[...byStatus]
      .sort(([a], [b]) => a - b)
      .map(([status, codes]) => [String(status), describeFailure(operation, status, codes)])
  ])
}
