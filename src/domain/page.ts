import { AppError } from '../base/errors.ts'

/** One page of a list: newest first unless a list says otherwise. `after` is a position that this list gave out, in its own words. */
export interface PageRequest {
  readonly limit: number
  readonly after: string | null
}

export interface Page<T> {
  readonly data: readonly T[]
  readonly hasMore: boolean
  readonly nextCursor: string | null
}

export const invalidCursor = (): AppError =>
  new AppError('invalid_request', { errors: [{ path: 'after', message: 'is not a cursor of this list' }] })
