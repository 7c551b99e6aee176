/** Which checkpoints stay, as projects and runs say it. */
import { type Static, Type } from 'typebox'
import { AppError } from '../../base/errors.ts'
import type { Retention, RetentionWishes } from '../../domain/retention.ts'
import { canJudge } from '../../protocol/metrics.ts'
import { closed, Nullable } from './common.ts'

const bestFields = {
  metric: Type.String({
    minLength: 1,
    maxLength: 100,
    description: 'Of docs/metrics.md, as it was at the step of a checkpoint: loss, eval/knn_top1_k20.'
  }),
  direction: Type.Enum(['minimize', 'maximize']),
  count: Type.Integer({ minimum: 1, maximum: 100 })
}

/** Of answers, where names that were metrics once are not judged. */
export const PresentedBest = Type.Object(
  { metric: Type.String(), direction: bestFields.direction, count: Type.Integer() },
  closed
)

export const retentionFields = {
  keep_last: Type.Integer({
    minimum: 1,
    maximum: 100,
    description: 'How many of the newest stay; 3 unless it is given.'
  }),
  keep_every_epochs: Nullable(
    Type.Integer({
      minimum: 1,
      maximum: 1_000_000,
      description: 'Beside those, the first checkpoint after every so many epochs stays; null for none.'
    })
  ),
  keep_best: Nullable(
    Type.Object(bestFields, {
      ...closed,
      description: 'Beside those, so many with the best values of a metric stay; null for none.'
    })
  )
}

type Wire = { readonly [Field in keyof typeof retentionFields]?: Static<(typeof retentionFields)[Field]> | undefined }

/** @throws AppError invalid_request for a metric that no run reports: nothing would be kept for it */
export function readRetention({ keep_last, keep_every_epochs, keep_best }: Wire, at: string): RetentionWishes {
  if (keep_best && !canJudge(keep_best.metric)) {
    const message = 'names no metric of docs/metrics.md that says how good a checkpoint is'
    throw new AppError('invalid_request', { errors: [{ path: `${at}/keep_best/metric`, message }] })
  }
  return {
    ...(keep_last !== undefined && { keepLast: keep_last }),
    ...(keep_every_epochs !== undefined && { keepEveryEpochs: keep_every_epochs }),
    ...(keep_best !== undefined && { keepBest: keep_best })
  }
}

export const presentRetention = <Last extends number | undefined>({
  keepLast,
  keepEveryEpochs,
  keepBest
}: Retention & { readonly keepLast: Last }) => ({
  keep_last: keepLast,
  ...(keepEveryEpochs !== undefined && { keep_every_epochs: keepEveryEpochs }),
  ...(keepBest !== undefined && { keep_best: { ...keepBest } })
})
