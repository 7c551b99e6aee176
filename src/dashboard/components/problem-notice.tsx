import type { Problem } from '../../client/problem.ts'
import { formatDuration } from '../format.ts'

interface Props {
  readonly problem: Problem
  /** What is not there does not come by asking again. */
  readonly onRetry?: () => void
  /** Findings that are already shown beside their fields. */
  readonly hideFields?: boolean
}

/** A failed request in the API's words, with what a bug report needs. */
export function ProblemNotice({ problem, onRetry, hideFields = false }: Props) {
  const { status, code, requestId, errors, retryAfterS } = problem.details
  return (
    <div className="notice bad" role="alert">
      <p>{problem.message}</p>
      {!hideFields && errors.length > 0 && (
        <ul>
          {errors.map(({ path, message }) => (
            <li key={`${path} ${message}`}>
              <code>{path}</code> {message}
            </li>
          ))}
        </ul>
      )}
      <p className="muted small">
        <code>{code}</code>
        {requestId !== null && (
          <>
            {' · request '}
            <code>{requestId}</code>
          </>
        )}
        {retryAfterS !== null && <> · may succeed in {formatDuration(retryAfterS)}</>}
      </p>
      {onRetry && status !== 404 && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  )
}
