import { formatWords } from '../format.ts'

type Tone = 'plain' | 'active' | 'good' | 'warn' | 'bad'

const TONES: Readonly<Record<string, Tone>> = {
  starting: 'active',
  running: 'active',
  ingesting: 'active',
  exporting: 'active',
  pausing: 'warn',
  paused: 'warn',
  cancelling: 'warn',
  succeeded: 'good',
  ready: 'good',
  complete: 'good',
  failed: 'bad',
  enabled: 'good',
  failing: 'warn',
  working: 'good',
  resting: 'warn',
  lost: 'bad'
}

/** The shape before the word says the same as its colour. */
const MARKS: Readonly<Record<Tone, string>> = { plain: '○', active: '◐', good: '●', warn: '◑', bad: '▲' }

export function StatusBadge({ status }: { readonly status: string }) {
  const tone = TONES[status] ?? 'plain'
  return (
    <span className={`badge ${tone}`}>
      <span aria-hidden="true">{MARKS[tone]}</span> {formatWords(status)}
    </span>
  )
}
