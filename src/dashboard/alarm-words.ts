/** What an alarm means, in few words, for lists; its own sentence has the numbers. */
import { formatWords } from './format.ts'

const WORDS = new Map([
  ['collapse_uniform', 'collapse: nothing assigned'],
  ['collapse_few', 'collapse: few prototypes'],
  ['collapse_alike', 'collapse: images alike'],
  ['plateau', 'learns nothing']
])

export const alarmWords = (rule: string): string => WORDS.get(rule) ?? formatWords(rule)

/** What was done about it, of a run that says so itself when it is paused. */
export const alarmActionWords = (action: string): string =>
  action === 'notify' ? 'the run went on' : action === 'pause' ? 'the run was paused' : formatWords(action)
