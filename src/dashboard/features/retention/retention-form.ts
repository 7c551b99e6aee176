/** Which checkpoints stay, as a form has it and as the API takes it: of a project, and of a run over what its project says. */
import type { Project } from '../../../client/resources.ts'
import type { Json, JsonObject } from '../../json.ts'
import { numberOrNothing, showValue, withoutEmpty } from '../../typed-values.ts'

type Policy = Pick<Project['checkpoint'], 'keep_every_epochs' | 'keep_best'> & { readonly keep_last?: number }

/** Typed where a number of epochs would be: none stay for their epoch, whatever the project says. */
export const NONE = 'none'

export interface RetentionForm {
  readonly keepLast: string
  readonly keepEveryEpochs: string
  /** Empty: as the project has it. */
  readonly best: '' | typeof NONE | 'minimize' | 'maximize'
  readonly bestMetric: string
  readonly bestCount: string
}

export const EMPTY_RETENTION: RetentionForm = {
  keepLast: '',
  keepEveryEpochs: '',
  best: '',
  bestMetric: '',
  bestCount: ''
}

/** One that is best needs no number, so none typed is one. */
const bestOf = ({ best, bestMetric, bestCount }: RetentionForm): Json | undefined => {
  if (best === '') return undefined
  if (best === NONE) return null
  return { metric: bestMetric.trim(), direction: best, count: numberOrNothing(bestCount) ?? 1 }
}

export const retentionBody = (form: RetentionForm): JsonObject =>
  withoutEmpty({
    keep_last: numberOrNothing(form.keepLast),
    keep_every_epochs: form.keepEveryEpochs.trim() === NONE ? null : numberOrNothing(form.keepEveryEpochs),
    keep_best: bestOf(form)
  })

/** Written out, so that what a project says later changes nothing. */
export const retentionFormOf = ({ keep_last, keep_every_epochs, keep_best }: Policy): RetentionForm => ({
  keepLast: showValue(keep_last),
  keepEveryEpochs: keep_every_epochs === undefined ? NONE : showValue(keep_every_epochs),
  best: keep_best?.direction ?? NONE,
  bestMetric: keep_best?.metric ?? '',
  bestCount: showValue(keep_best?.count)
})

/** Which stay, as the end of a sentence. */
export function retentionInWords({ keep_last: last = 3, keep_every_epochs: epochs, keep_best: best }: Policy): string {
  const all = [last === 1 ? 'the newest stays' : `the newest ${last} stay`]
  if (epochs !== undefined) all.push(`the first after every ${epochs === 1 ? 'epoch' : `${epochs} epochs`}`)
  if (best !== undefined) {
    const which = best.direction === 'minimize' ? 'lowest' : 'highest'
    all.push(`${best.count === 1 ? 'the one' : `the ${best.count}`} with the ${which} ${best.metric}`)
  }
  return all.length === 1 ? all.join() : `${all.slice(0, -1).join(', ')}, and ${all.at(-1)}`
}
