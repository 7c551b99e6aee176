/** The New run form and the request body that it stands for. */

import type { Recipe } from '../../../client/resources.ts'
import type { JsonObject } from '../../json.ts'
import { numberOrNothing, parseNumber, parseNumbers, parseObject, withoutEmpty } from '../../typed-values.ts'
import { EMPTY_PLAN, type PlanForm, planBody } from '../evaluations/plan-form.ts'
import { EMPTY_RETENTION, type RetentionForm, retentionBody } from '../retention/retention-form.ts'

/** Names that the API takes today; a test holds these lists against the recipe's schema. */
export const METHODS = ['dino-vmf', 'dino', 'ibot-vmf', 'ibot'] as const
export const ARCHS = ['vit_mu', 'vit_nano', 'vit_tiny', 'vit_small', 'vit_base', 'vit_large'] as const
export const PRESETS = ['auto', 'demo', 'mu', 'small-images', 'vit-small-16', 'vit-base-16'] as const

export const HEADS = ['taken', 'seeded', 'new'] as const

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

/** As the API resolved it, without what no one value stands for: what empty fields mean. */
export type ResolvedRecipe = Partial<Pick<Recipe, 'arch' | 'patch_size' | 'seed' | 'hyperparameters'>>

/** What a run begins from: nothing for random weights. `weights` are a file of the command line's, which the API refuses. */
export interface InitForm {
  readonly source: '' | 'model' | 'checkpoint' | 'weights'
  readonly id: string
  readonly head: string
}

export interface ComputeForm {
  readonly device: string
  readonly devices: string
  readonly maxRuntimeS: string
  readonly priority: string
}

export interface CheckpointForm extends RetentionForm {
  readonly everyS: string
}

export interface EvaluationForm extends PlanForm {
  readonly isWanted: boolean
  readonly everyEpochs: string
}

/** Every value as typed; empty means: take the preset's, or the API's default. */
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
  readonly init: InitForm
  readonly compute: ComputeForm
  readonly checkpoint: CheckpointForm
  readonly evaluation: EvaluationForm
  /** Of a run that is done again; edited on its page. */
  readonly metadata: JsonObject
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
  init: { source: '', id: '', head: '' },
  compute: { device: '', devices: '', maxRuntimeS: '', priority: '' },
  checkpoint: { ...EMPTY_RETENTION, everyS: '' },
  evaluation: { ...EMPTY_PLAN, isWanted: false, everyEpochs: '' },
  metadata: {}
}

/** Nothing of a group in which nothing was said. */
const unlessEmpty = (fields: JsonObject): JsonObject | undefined =>
  Object.keys(fields).length === 0 ? undefined : fields

/** @throws SyntaxError from the free JSON field */
function hyperparametersOf(form: RunForm): JsonObject {
  const typed = HYPERPARAMETER_FIELDS.flatMap(({ name, values }) => {
    const text = form.hyperparameters[name] ?? ''
    return text.trim() === '' ? [] : [[name, values === 1 ? parseNumber(text) : parseNumbers(text)] as const]
  })
  return { ...parseObject(form.others), ...Object.fromEntries(typed) }
}

const initOf = ({ source, id, head }: InitForm): JsonObject | undefined =>
  source === '' ? undefined : { [source]: id.trim(), ...withoutEmpty({ head }) }

const computeOf = ({ device, devices, maxRuntimeS, priority }: ComputeForm): JsonObject =>
  withoutEmpty({
    device,
    devices: numberOrNothing(devices),
    max_runtime_s: numberOrNothing(maxRuntimeS),
    priority: numberOrNothing(priority)
  })

const checkpointOf = ({ everyS, ...retention }: CheckpointForm): JsonObject => ({
  ...withoutEmpty({ every_s: numberOrNothing(everyS) }),
  ...retentionBody(retention)
})

/** On the images that it trains on, where no others were chosen: kNN then leaves each image out of its own vote. */
function evaluationOf({ dataset, evaluation: { isWanted, everyEpochs, ...plan } }: RunForm): JsonObject | undefined {
  if (!isWanted) return undefined
  const body = planBody({ ...plan, dataset: plan.dataset || dataset })
  return { ...body, ...withoutEmpty({ every_epochs: numberOrNothing(everyEpochs) }) }
}

/** @throws SyntaxError from the free JSON field */
export const requestBody = (form: RunForm): JsonObject =>
  withoutEmpty({
    dataset: form.dataset,
    method: form.method,
    name: form.name.trim(),
    preset: form.preset,
    arch: form.arch,
    patch_size: numberOrNothing(form.patchSize),
    seed: numberOrNothing(form.seed),
    hyperparameters: unlessEmpty(hyperparametersOf(form)),
    init: initOf(form.init),
    compute: unlessEmpty(computeOf(form.compute)),
    checkpoint: unlessEmpty(checkpointOf(form.checkpoint)),
    evaluation: evaluationOf(form),
    alarms: [{ rule: 'collapse', action: form.onCollapse }],
    metadata: unlessEmpty(form.metadata)
  })

/** The form's request as a shell command; the key stays a variable. */
export function curlCommand(origin: string, path: string, body: JsonObject): string {
  const json = JSON.stringify(body, null, 2).replaceAll("'", "'\\''")
  return [
    `curl -s ${origin}${path}`,
    '  -H "authorization: Bearer $KAPPA_API_KEY"',
    '  -H "content-type: application/json"',
    `  -d '${json}'`
  ].join(' \\\n')
}
