import type { Pointer } from './native.ts'
import type { Plugin } from './plugin.ts'

/**
 * Takes the event over, and settles when what it stands for has ended. A thread of the pool waits, and this one does not.
 * @throws AppError what that failed with
 */
export async function completed(plugin: Plugin, event: Pointer): Promise<void> {
  try {
    // The way to a thread and back takes longer than most small copies.
    if (plugin.call('Event_IsReady', { event }).is_ready) plugin.call('Event_Await', { event })
    else await plugin.callAsync('Event_Await', { event })
  } finally {
    plugin.call('Event_Destroy', { event })
  }
}
