/** What a step gives besides the next state. */
import type { Engine, HeldState, Outputs } from '../../engine/engine.ts'
import type { TeacherViews } from '../health/window.ts'
import type { GivenStep } from './feeds.ts'
import { FINITE, metricNames } from './metrics.ts'
import type { StepPlan } from './plan.ts'

export interface StepResult {
  /** Those of `metricNames`. */
  readonly metrics: Record<string, number>
  readonly views: TeacherViews
  /** False when a metric is not finite: then the state is the one before the step. */
  readonly moved: boolean
}

/** What of an engine a step's programs depend on. */
export type StepEngine = Pick<Engine, 'precision' | 'fuses' | 'devices' | 'loadStepping'>

/** Programs that take a step of a held state. */
export interface StepPrograms {
  step(state: HeldState, given: GivenStep): Promise<StepResult>
  dispose(): Promise<void>
}

export const metricsOf = (plan: StepPlan, outputs: Outputs): Pick<StepResult, 'metrics' | 'moved'> => ({
  metrics: Object.fromEntries(metricNames(plan).map((name) => [name, outputs[name]![0]!])),
  moved: outputs[FINITE]![0] === 1
})

export const viewsOf = (outputs: Outputs): TeacherViews => ({
  features: outputs['features']!,
  assignments: outputs['assignments']!
})
