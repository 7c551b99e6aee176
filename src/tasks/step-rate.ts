/** How long a step takes, from when the last ones came: over 30 s, but at least over 20 steps and at most over 5000. */
import type { Clock } from '../base/clock.ts'

export interface StepRate {
  arrive(): void
  /** Null until two steps came at different times. */
  secondsPerStep(): number | null
}

const LEAST_STEPS = 20
const MOST_STEPS = 5000
const WINDOW_MS = 30_000

export function createStepRate(clock: Clock): StepRate {
  const arrivals: number[] = []
  const isOld = (now: number): boolean =>
    arrivals.length > MOST_STEPS || (arrivals.length > LEAST_STEPS && now - (arrivals[0] ?? now) > WINDOW_MS)
  return {
    arrive() {
      const now = clock.now()
      arrivals.push(now)
      while (isOld(now)) arrivals.shift()
    },
    secondsPerStep() {
      const elapsedMs = (arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0)
      return elapsedMs > 0 ? elapsedMs / 1000 / (arrivals.length - 1) : null
    }
  }
}
