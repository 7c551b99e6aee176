import type { Run } from '../../../client/resources.ts'
import { formatDuration } from '../../format.ts'
import { retentionInWords } from '../retention/retention-form.ts'

/** When a checkpoint is written, and which stay. */
export const policyInWords = (policy: Run['checkpoint']): string =>
  `One every ${formatDuration(policy.every_s)}: ${retentionInWords(policy)}, beside those that are kept by hand.`
