/** A failed request in the API's own words (RFC 9457), or the nearest thing when something else answered. */
export interface FieldProblem {
  /** JSON pointer into the request body, or a parameter's name. */
  readonly path: string
  readonly message: string
}

export interface ProblemDetails {
  readonly status: number
  readonly code: string
  readonly message: string
  readonly requestId: string | null
  readonly errors: readonly FieldProblem[]
  readonly retryAfterS: number | null
}

export class Problem extends Error {
  readonly details: ProblemDetails

  constructor(details: ProblemDetails, options?: ErrorOptions) {
    super(details.message, options)
    this.name = 'Problem'
    this.details = details
  }

  /** What to decide by; `message` is for people. */
  get code(): string {
    return this.details.code
  }

  /** 0 when it is nobody's answer. */
  get status(): number {
    return this.details.status
  }

  /** To be quoted when somebody is asked for help. */
  get requestId(): string | null {
    return this.details.requestId
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)

function fieldProblems(value: unknown): FieldProblem[] {
  if (!Array.isArray(value)) return []
  return value.filter(isRecord).map((one) => ({
    path: text(one['pointer']) ?? text(one['path']) ?? text(one['parameter']) ?? '',
    message: text(one['detail']) ?? text(one['message']) ?? 'is not valid'
  }))
}

/** From a status, a body (parsed JSON, or null when it was none) and headers. */
export function parseProblem(status: number, body: unknown, header: (name: string) => string | null): Problem {
  const fields = isRecord(body) ? body : {}
  const retryAfter = Number(header('retry-after'))
  return new Problem({
    status,
    code: text(fields['code']) ?? `http_${status}`,
    message: text(fields['detail']) ?? text(fields['title']) ?? `The server answered with status ${status}.`,
    requestId: text(fields['request_id']) ?? header('x-request-id'),
    errors: fieldProblems(fields['errors']),
    retryAfterS: Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter : null
  })
}

/** What no server answered: found on this side. */
export const ownProblem = (code: string, message: string, options?: ErrorOptions): Problem =>
  new Problem({ status: 0, code, message, requestId: null, errors: [], retryAfterS: null }, options)

export const isAbort = (thrown: unknown): boolean => thrown instanceof Error && thrown.name === 'AbortError'

/** For what fetch, or the reading of a body, rejects with: nobody answered, or the connection broke. */
export function throwUnreachable(thrown: unknown): never {
  if (isAbort(thrown) || thrown instanceof Problem) throw thrown
  throw ownProblem('network', 'The API cannot be reached.', { cause: thrown })
}

export const noStreamProblem = (contentType: string): Problem =>
  ownProblem('no_stream', `The event stream answered with "${contentType}".`)

/** Anything that was thrown, as a problem that can be shown. */
export function toProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown
  return ownProblem('client', thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown })
}

/** Whether the same request may succeed later: nobody answered, too many asked, or the fault is the server's. */
export const isPassing = ({ details: { status, code } }: Problem): boolean =>
  code === 'network' || code === 'no_stream' || status === 429 || status >= 500

/** The message for one field, matched by its JSON pointer or, for a group such as a tuple, by its beginning. */
export const fieldMessage = (errors: readonly FieldProblem[], pointer: string): string | null =>
  errors.find(({ path }) => path === pointer || path.startsWith(`${pointer}/`))?.message ?? null
