/** The New run form and the request body that it stands for. */

import type { Run } from '../../../client/resources.ts'
import type { Json, JsonObject } from '../../json.ts'

/** Names that the API takes today; a test holds these lists against the recipe's schema. */
export const METHODS = ['dino-vmf', 'dino', 'ibot-vmf', 'ibot'] as const
export const ARCHS = ['vit_mu', 'vit_nano', 'vit_tiny', 'vit_small', 'vit_base', 'vit_large'] as const
export const PRESETS = ['auto', 'demo', 'mu', 'small-images', 'vit-small-16', 'vit-base-16'] as const

export interface HyperparameterField {
  readonly name: string
  readonly label: string
  readonly hint: string
  /** Values of a tuple, or 1 for a single number. */
  readonly values: number
}

export const HYPERPARAMETER_FIELDS: readonly HyperparameterField[] = [
  { name: 'epochs', label: 'Epochs', hint: '0 publishes the untrained network', values: 1 },
  { name: 'batch_size', label: 'Batch size', hint: 'images per step', values: 1 },
  { name: 'prototypes', label: 'Prototypes', hint: 'K, components of the mixture', values: 1 },
  { name: 'bottleneck_dim', label: 'Bottleneck', hint: 'p, dimension of the sphere', values: 1 },
  { name: 'learning_rate', label: 'Learning rate', hint: 'peak', values: 1 },
  { name: 'weight_decay', label: 'Weight decay', hint: 'start, end', values: 2 },
  { name: 'warmup_epochs', label: 'Warm-up epochs', hint: 'of the learning rate', values: 1 },
  { name: 'student_temperature', label: 'Student temperature', hint: 'constant', values: 1 },
  { name: 'teacher_temperature', label: 'Teacher temperature', hint: 'start, end, warm-up epochs', values: 3 },
  { name: 'teacher_momentum', label: 'Teacher momentum', hint: 'start, end', values: 2 },
  { name: 'clip_grad', label: 'Gradient clip', hint: '0 is off', values: 1 },
  { name: 'freeze_last_layer_epochs', label: 'Freeze last layer', hint: 'epochs', values: 1 }
]

/** Every value as typed; empty means: take the preset's. */
export interface RunForm {
  readonly name: string
  readonly dataset: string
  readonly method: string
  readonly preset: string
  readonly arch: string
  readonly patchSize: string
  readonly seed: string
  readonly onCollapse: 'notify' | 'pause'
  readonly hyperparameters: Readonly<Record<string, string>>
  /** Any other hyperparameters, as a JSON object. */
  readonly others: string
  /** Fields of a run that is done again which the form does not show. */
  readonly carried: JsonObject
}

export const EMPTY_FORM: RunForm = {
  name: '',
  dataset: '',
  method: 'dino-vmf',
  preset: '',
  arch: '',
  patchSize: '',
  seed: '',
  onCollapse: 'notify',
  hyperparameters: {},
  others: '',
  carried: {}
}

/** What is no number goes to the API as it was typed: its answer names the field better than a guess here would. */
function parseNumber(text: string): Json {
  const value = Number(text)
  return text.trim() !== '' && Number.isFinite(value) ? value : text.trim()
}

const parseField = (text: string, values: number): Json =>
  values === 1
    ? parseNumber(text)
    : text
        .split(/[\s,]+/)
        .filter(Boolean)
        .map(parseNumber)

/** @throws SyntaxError where it is no JSON object */
export function parseOthers(text: string): JsonObject {
  if (text.trim() === '') return {}
  const value: Json = JSON.parse(text)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject // just checked
  throw new SyntaxError('must be a JSON object, such as {"drop_path": 0.1}')
}

/** @throws SyntaxError from the free JSON field */
export function requestBody(form: RunForm): JsonObject {
  const typed = HYPERPARAMETER_FIELDS.flatMap(({ name, values }) => {
    const text = form.hyperparameters[name] ?? ''
    return text.trim() === '' ? [] : [[name, parseField(text, values)] as const]
  })
  const hyperparameters: JsonObject = { ...parseOthers(form.others), ...Object.fromEntries(typed) }
  const optional = { name: form.name.trim(), preset: form.preset, arch: form.arch }
  return {
    dataset: form.dataset,
    method: form.method,
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== '')),
    ...(form.patchSize.trim() === '' ? {} : { patch_size: parseNumber(form.patchSize) }),
    ...(form.seed.trim() === '' ? {} : { seed: parseNumber(form.seed) }),
    ...(Object.keys(hyperparameters).length === 0 ? {} : { hyperparameters }),
    alarms: [{ rule: 'collapse', action: form.onCollapse }],
    ...form.carried
  }
}

/** The same run once more: every hyperparameter written out, so that a changed preset changes nothing. */
export function formOfRun({ resolved_recipe: recipe, dataset, name, alarms, ...run }: Run): RunForm {
  const fields = new Set(HYPERPARAMETER_FIELDS.map((field) => field.name))
  const entries = Object.entries(recipe.hyperparameters)
  const others = Object.fromEntries(entries.filter(([field]) => !fields.has(field)))
  return {
    ...EMPTY_FORM,
    name: name === null ? '' : `${name} again`,
    dataset,
    method: recipe.method,
    preset: recipe.preset,
    arch: recipe.arch,
    patchSize: String(recipe.patch_size),
    seed: String(recipe.seed),
    onCollapse: alarms.some(({ action }) => action === 'pause') ? 'pause' : 'notify',
    hyperparameters: Object.fromEntries(
      entries.filter(([field]) => fields.has(field)).map(([field, value]) => [field, showValue(value)])
    ),
    others: JSON.stringify(others, null, 2),
    carried: {
      compute: run.compute,
      checkpoint: run.checkpoint,
      metadata: run.metadata,
      ...(run.init && { init: initAgain(run.init) }),
      ...(run.evaluation && { evaluation: evaluationAgain(run.evaluation) })
    }
  }
}

/** As asked for again, with the head that it came to. */
const initAgain = ({ source, id, head }: NonNullable<Run['init']>): JsonObject => ({ [source]: id, head })

/** Without the id of the one that was made; null, which the API answers for what was not said, is left out. */
function evaluationAgain({ id: _, settings, ...plan }: NonNullable<Run['evaluation']>): JsonObject {
  return { ...withoutNull(plan), settings: withoutNull(settings) }
}

const withoutNull = (fields: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null))

/** As it would be typed. */
export const showValue = (value: Json | undefined): string =>
  value === undefined ? '' : Array.isArray(value) ? value.join(', ') : String(value)

/** The form's request as a shell command; the key stays a variable. */
export function curlCommand(origin: string, body: JsonObject): string {
  const json = JSON.stringify(body, null, 2).replaceAll("'", "'\\''")
  return [
    `curl -s ${origin}/v1/runs`,
    '  -H "authorization: Bearer $KAPPA_KEY"',
    '  -H "content-type: application/json"',
    `  -d '${json}'`
  ].join(' \\\n')
}
