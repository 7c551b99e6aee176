import type { IdempotencyRecord } from '../../domain/access-stores.ts'
import type { Stores } from '../../domain/stores.ts'

export type StoredResponse = NonNullable<IdempotencyRecord['response']>

/** What is kept about a request, in the transaction of its work. */
export interface RequestRecord {
  begin(tx: Stores): Promise<void>
  /** @param answer null where it is not known yet: only requests that create are committed with theirs */
  end(tx: Stores, answer: StoredResponse | null): Promise<void>
}
