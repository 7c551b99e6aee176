/** A POST that creates may be repeated with the same Idempotency-Key: the second one answers what the first one did. */
import { createHash } from 'node:crypto'
import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import { canonicalStringify } from '../../base/json.ts'
import type { IdempotencyRecord, Stores } from '../../domain/stores.ts'

export type IdempotencyClaim = Pick<IdempotencyRecord, 'projectId' | 'key' | 'route'>
export type StoredResponse = NonNullable<IdempotencyRecord['response']>

export interface IdempotencyServiceDeps {
  readonly stores: Pick<Stores, 'idempotency'>
  readonly clock: Clock
}

export type IdempotencyService = ReturnType<typeof createIdempotencyService>

export function createIdempotencyService({ stores, clock }: IdempotencyServiceDeps) {
  return {
    /**
     * @param request what must be equal for two requests to be the same one
     * @returns the first request's response, or null when this is the first
     * @throws AppError idempotency_key_reused, idempotency_in_progress
     */
    async begin(claim: IdempotencyClaim, request: unknown): Promise<StoredResponse | null> {
      const requestHash = createHash('sha256').update(canonicalStringify(request)).digest('hex')
      const createdAt = new Date(clock.now())
      const known = await stores.idempotency.begin({ ...claim, requestHash, response: null, createdAt })
      if (known === null) return null
      if (known.requestHash !== requestHash) throw new AppError('idempotency_key_reused')
      if (known.response === null) throw new AppError('idempotency_in_progress', { retryAfterS: 1 })
      return known.response
    },

    finish: (claim: IdempotencyClaim, response: StoredResponse): Promise<void> =>
      stores.idempotency.finish(claim, response),

    /** Frees the key: the request may be tried again as if for the first time. */
    abandon: (claim: IdempotencyClaim): Promise<void> => stores.idempotency.abandon(claim)
  }
}
