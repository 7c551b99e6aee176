/** What somebody who changes a thing has seen of it: of two who change it at once, the second learns that it is another already. */
import { AppError } from '../base/errors.ts'

/** Asked of the thing as it is once nobody else can change it; false where that is not what was seen. */
export type IsExpected<T> = (known: T) => boolean

export interface Expecting<T> {
  readonly isExpected: IsExpected<T>
}

/** @param what `Run run_1`. @throws AppError precondition_failed */
export function checkExpected<T>(known: T, { isExpected }: Expecting<T>, what: string): void {
  if (isExpected(known)) return
  throw new AppError('precondition_failed', {
    message: `${what} was changed since: read it again before you change it.`
  })
}
