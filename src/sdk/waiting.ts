/** Asking again until something has ended. */
import { pause } from '../client/pause.ts'

export interface WaitOptions<T> {
  readonly signal?: AbortSignal
  /** Between two questions; a second unless it is given. */
  readonly pollMs?: number
  /** Called with every answer, the last one too. */
  readonly onUpdate?: (resource: T) => void
}

const POLL_MS = 1000
const NEVER = new AbortController().signal

/** @throws the signal's reason when it is aborted */
export async function waitUntil<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  isDone: (resource: T) => boolean,
  { signal = NEVER, pollMs = POLL_MS, onUpdate }: WaitOptions<T>
): Promise<T> {
  for (;;) {
    signal.throwIfAborted()
    const resource = await ask(signal)
    onUpdate?.(resource)
    if (isDone(resource)) return resource
    await pause(pollMs, signal)
  }
}
