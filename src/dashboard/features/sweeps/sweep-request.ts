/** The New sweep form and the request body that it stands for. */
import type { Json, JsonObject } from '../../json.ts'
import { numberOrNothing, withoutEmpty } from '../../typed-values.ts'
import { EMPTY_FORM, HYPERPARAMETER_FIELDS, type RunForm, requestBody } from '../runs/run-request.ts'

/** Offered, not all that there is: whatever decides the weights may vary. */
export const SUGGESTED_FIELDS = [
  ...HYPERPARAMETER_FIELDS.map(({ name }) => `hyperparameters.${name}`),
  'hyperparameters.drop_path',
  'hyperparameters.koleo.features',
  'hyperparameters.koleo.prototypes',
  'dataset',
  'method',
  'preset',
  'arch',
  'patch_size',
  'seed',
  'init.model',
  'init.checkpoint',
  'init.head'
] as const

/** One field that differs between the trials. */
export interface VariedForm {
  readonly key: number
  readonly field: string
  /** A grid has values alone. */
  readonly how: 'values' | 'range'
  readonly values: string
  readonly min: string
  readonly max: string
  readonly scale: 'linear' | 'log'
}

export interface SweepForm {
  readonly name: string
  readonly kind: 'grid' | 'random'
  readonly varied: readonly VariedForm[]
  readonly trials: string
  readonly seed: string
  /** Empty: no objective. */
  readonly metric: string
  readonly direction: 'minimize' | 'maximize'
  readonly run: RunForm
}

export const newVaried = (key: number): VariedForm => ({
  key,
  field: '',
  how: 'values',
  values: '',
  min: '',
  max: '',
  scale: 'linear'
})

export const EMPTY_SWEEP: SweepForm = {
  name: '',
  kind: 'grid',
  varied: [{ ...newVaried(0), field: 'hyperparameters.learning_rate' }],
  trials: '8',
  seed: '',
  metric: '',
  direction: 'minimize',
  run: EMPTY_FORM
}

/** `0.001, 0.002`, `dino, dino-vmf`, `[0.04, 0.07, 30], [0.04, 0.04, 0]`: JSON where it is some, else words between commas. */
export function parseValues(text: string): readonly Json[] {
  try {
    return JSON.parse(`[${text}]`) as Json[] // a list, or it would not parse
  } catch {
    return text
      .split(',')
      .map((word) => word.trim())
      .filter((word) => word !== '')
      .map(parseWord)
  }
}

function parseWord(word: string): Json {
  try {
    return JSON.parse(word)
  } catch {
    return word
  }
}

/** Rows without a name are nothing yet. */
export const namedFields = ({ varied }: SweepForm): readonly VariedForm[] =>
  varied.filter(({ field }) => field.trim() !== '')

/** Of two rows with one name the API would see only one. */
export function repeatedField(form: SweepForm): string | null {
  const names = namedFields(form).map(({ field }) => field.trim())
  return names.find((name, index) => names.indexOf(name) !== index) ?? null
}

function choiceOf({ how, values, min, max, scale }: VariedForm): JsonObject {
  if (how === 'values') return { values: parseValues(values) }
  return withoutEmpty({ min: numberOrNothing(min), max: numberOrNothing(max), scale })
}

const spaceOf = (form: SweepForm): JsonObject =>
  Object.fromEntries(
    namedFields(form).map((one) => [one.field.trim(), form.kind === 'grid' ? parseValues(one.values) : choiceOf(one)])
  )

/** The form always has a method; a run without one would be a dino-vmf all the same. @throws SyntaxError from the free JSON field */
function sharedRun(form: SweepForm): JsonObject {
  const { name: _, ...run } = requestBody(form.run)
  const varied = new Set(namedFields(form).map(({ field }) => field.trim()))
  return Object.fromEntries(Object.entries(run).filter(([field]) => field !== 'method' || !varied.has(field)))
}

/** @throws SyntaxError from the free JSON field */
export function sweepBody(form: SweepForm): JsonObject {
  const { name, kind, trials, seed, metric, direction } = form
  const drawn = kind === 'random' ? { trials: numberOrNothing(trials), seed: numberOrNothing(seed) } : {}
  const objective = metric.trim() === '' ? undefined : { metric: metric.trim(), direction }
  return withoutEmpty({ name: name.trim(), run: sharedRun(form), [kind]: spaceOf(form), ...drawn, objective })
}
