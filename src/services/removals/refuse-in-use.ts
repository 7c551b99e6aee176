import { AppError, type ErrorCode } from '../../base/errors.ts'
import { type Uses, usedBy } from '../../domain/removal.ts'

/** What is refused, by which code, and how it is called in the sentence. */
export interface Wanted {
  readonly code: ErrorCode
  /** `Model mdl_1`. */
  readonly name: string
  readonly details: Readonly<Record<string, unknown>>
}

/** Inside the unit of work that removed it, which this rolls back. @throws AppError of that code, with the ids as `used_by` */
export function refuseInUse(uses: Uses, { code, name, details }: Wanted): void {
  const ids = usedBy(uses)
  if (ids === null) return
  const message = `${name} is needed by what has not ended: ${ids.join(', ')}.`
  throw new AppError(code, { message, ...details, usedBy: ids })
}
