/** Events of a run in words, for people: the dashboard and the command line. */
import type { RunEvent } from './resources.ts'

/** One line that says what the event says. */
export function describeEvent({ type, data }: RunEvent): string {
  const text = (name: string): string | null => {
    const value = data[name]
    return typeof value === 'string' || typeof value === 'number' ? String(value) : null
  }
  const message = text('message')
  if (message !== null) return message
  if (type === 'state') {
    const reason = text('status_reason')
    return `Now ${text('status') ?? 'in another state'}${reason ? `: ${reason.replaceAll('_', ' ')}` : ''}`
  }
  if (type === 'checkpoint') return `Checkpoint at step ${text('step') ?? '?'}`
  if (type === 'evaluation') return `Evaluation of step ${text('step') ?? '?'} ${text('status') ?? ''}`.trim()
  if (type === 'model')
    return `Model ${text('model') ?? text('model_id') ?? ''} ${text('status') ?? 'published'}`.trim()
  return type
}

/** The failure that a state event tells of, such as of an attempt that is retried. Later states repeat it as `info`. */
export function eventError({ level, data }: RunEvent): string | null {
  const error = level === 'info' ? null : data['error']
  if (typeof error !== 'object' || error === null || Array.isArray(error)) return null
  const message = (error as { readonly message?: unknown }).message
  return typeof message === 'string' ? message : null
}
