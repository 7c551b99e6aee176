import type { Run } from '../../../client/resources.ts'
import { formatDuration } from '../../format.ts'

/** When a checkpoint is written, and which stay. */
export function policyInWords(policy: Run['checkpoint']): string {
  const { every_s: every, keep_last: last, keep_every_epochs: epochs } = policy
  const newest = last === 1 ? 'the newest stays' : `the newest ${last} stay`
  const others =
    epochs === undefined ? '' : `, and the first after every ${epochs === 1 ? 'epoch' : `${epochs} epochs`}`
  return `One every ${formatDuration(every)}: ${newest}${others}, beside those that are kept by hand.`
}
