import { useMemo, useSyncExternalStore } from 'react'
import { type Location, parseLocation } from '../router.ts'

function subscribe(onChange: () => void): () => void {
  window.addEventListener('hashchange', onChange)
  return () => window.removeEventListener('hashchange', onChange)
}

export function useLocation(): Location {
  const hash = useSyncExternalStore(subscribe, () => window.location.hash)
  return useMemo(() => parseLocation(hash), [hash])
}

/** Where a page fills in what its address leaves out: the way back does not lead here again. */
export const replaceBy = (target: string): void => {
  window.location.replace(target)
}

export const goTo = (target: string): void => {
  window.location.hash = target
}
