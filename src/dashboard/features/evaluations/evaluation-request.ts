/** The New evaluation form and the request body that it stands for. */
import type { JsonObject } from '../../json.ts'
import { withoutEmpty } from '../../typed-values.ts'
import { EMPTY_PLAN, LAB_PROTOCOLS, type PlanForm, type PlanProtocol, planBody } from './plan-form.ts'

/** Those of a run, and one that tells images by their names. `revisited` needs a file of what is to be found: the API takes it. */
export const PROTOCOLS = [...LAB_PROTOCOLS, 'copy_detection'] as const satisfies readonly PlanProtocol[]

export interface EvaluationForm extends PlanForm {
  readonly name: string
  readonly source: 'model' | 'checkpoint'
  readonly id: string
  readonly against: string
  /** Of copy_detection alone. */
  readonly distractors: string
  readonly whitening: string
}

export const EMPTY_EVALUATION: EvaluationForm = {
  ...EMPTY_PLAN,
  name: '',
  source: 'model',
  id: '',
  against: '',
  distractors: '',
  whitening: ''
}

export const findsCopies = ({ protocols }: Pick<PlanForm, 'protocols'>): boolean => protocols.includes('copy_detection')

/** What is not shown is not sent. */
export function evaluationBody(form: EvaluationForm): JsonObject {
  return withoutEmpty({
    name: form.name.trim(),
    [form.source]: form.id.trim(),
    ...planBody(form),
    against: form.against.trim(),
    ...(findsCopies(form) && { distractors: form.distractors, whitening: form.whitening })
  })
}
