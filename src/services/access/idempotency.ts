/** A POST that creates may be repeated with the same Idempotency-Key: the second one answers what the first one did. */
import { createHash } from 'node:crypto'
import type { Clock } from '../../base/clock.ts'
import { AppError, invariant } from '../../base/errors.ts'
import { canonicalStringify } from '../../base/json.ts'
import type { IdempotencyRecord } from '../../domain/access-stores.ts'
import type { Stores } from '../../domain/stores.ts'
import type { RequestRecord, StoredResponse } from './request-record.ts'

export type IdempotencyClaim = Pick<IdempotencyRecord, 'projectId' | 'key' | 'route' | 'requestHash'>

export interface IdempotencyServiceDeps {
  readonly stores: Pick<Stores, 'idempotency'>
  readonly clock: Clock
}

export type IdempotencyService = ReturnType<typeof createIdempotencyService>

/** What a request throws that came while the first one was at work, and was done meanwhile. */
export class AnsweredBefore extends Error {
  readonly response: StoredResponse

  constructor(response: StoredResponse) {
    super('another request with this Idempotency-Key was faster')
    this.name = 'AnsweredBefore'
    this.response = response
  }
}

function responseOf(known: IdempotencyRecord, { requestHash }: IdempotencyClaim): StoredResponse {
  if (known.requestHash !== requestHash) throw new AppError('idempotency_key_reused')
  // Only processes of 0.2.0 and before write one without an answer.
  if (known.response === null) throw new AppError('idempotency_in_progress', { retryAfterS: 1 })
  return known.response
}

export function createIdempotencyService({ stores, clock }: IdempotencyServiceDeps) {
  const now = () => new Date(clock.now())
  return {
    /** @param request what must be equal for two requests to be the same one */
    claimOf: (name: Omit<IdempotencyClaim, 'requestHash'>, request: unknown): IdempotencyClaim => ({
      ...name,
      requestHash: createHash('sha256').update(canonicalStringify(request)).digest('hex')
    }),

    /**
     * @returns the first request's response, or null when nothing was done yet
     * @throws AppError idempotency_key_reused, idempotency_in_progress
     */
    async find(claim: IdempotencyClaim): Promise<StoredResponse | null> {
      const known = await stores.idempotency.find(claim, now())
      return known && responseOf(known, claim)
    },

    /**
     * The record is there when the work is, and never without it: a request that fails, or whose process dies, may be tried again
     * as if for the first time. `begin` waits for another one that is at work, and throws AnsweredBefore once that is done.
     */
    recordOf: (claim: IdempotencyClaim): RequestRecord => ({
      async begin(tx) {
        const known = await tx.idempotency.insert({ ...claim, response: null, createdAt: now() })
        if (known !== null) throw new AnsweredBefore(responseOf(known, claim))
      },
      end(tx, answer) {
        invariant(answer, 'what has an Idempotency-Key is committed with its answer')
        return tx.idempotency.finish(claim, answer)
      }
    })
  }
}
