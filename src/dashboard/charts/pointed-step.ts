import { createContext, useContext, useSyncExternalStore } from 'react'

/** The step under the pointer, shared by all charts of a page: what did everything else do when the loss jumped? */
export interface PointedStep {
  get(): number | null
  set(step: number | null): void
  subscribe(listener: () => void): () => void
}

export function createPointedStep(): PointedStep {
  let step: number | null = null
  const listeners = new Set<() => void>()
  return {
    get: () => step,
    set(next) {
      if (next === step) return
      step = next
      for (const listener of listeners) listener()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    }
  }
}

export const PointedStepContext = createContext<PointedStep>(createPointedStep())

export function usePointedStep(): [number | null, (step: number | null) => void] {
  const store = useContext(PointedStepContext)
  return [useSyncExternalStore(store.subscribe, store.get), store.set]
}
