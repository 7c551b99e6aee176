import { useEffect, useMemo } from 'react'

export interface Abort {
  /** For work that begins now; what was begun before is stopped. */
  readonly start: () => AbortSignal
  readonly stop: () => void
}

/** Stops work that a user started when it is started again, stopped, or its page is left. */
export function useAbort(): Abort {
  const abort = useMemo(() => {
    let controller = new AbortController()
    const stop = () => controller.abort()
    const start = () => {
      stop()
      controller = new AbortController()
      return controller.signal
    }
    return { start, stop }
  }, [])
  useEffect(() => abort.stop, [abort])
  return abort
}
