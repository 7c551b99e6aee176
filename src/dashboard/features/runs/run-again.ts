import type { Run } from '../../../client/resources.ts'
import { showValue } from '../../typed-values.ts'
import { planFormOf } from '../evaluations/plan-form.ts'
import { retentionFormOf } from '../retention/retention-form.ts'
import { EMPTY_FORM, HYPERPARAMETER_FIELDS, type RunForm } from './run-request.ts'

/** The same run once more: every hyperparameter written out, so that a changed preset changes nothing. */
export function formOfRun({ resolved_recipe: recipe, dataset, name, alarms, ...run }: Run): RunForm {
  const fields = new Set(HYPERPARAMETER_FIELDS.map((field) => field.name))
  const entries = Object.entries(recipe.hyperparameters)
  const others = Object.fromEntries(entries.filter(([field]) => !fields.has(field)))
  return {
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
    init: initAgain(run.init),
    compute: computeAgain(run.compute),
    checkpoint: checkpointAgain(run.checkpoint),
    evaluation: evaluationAgain(run.evaluation),
    metadata: run.metadata
  }
}

/** As asked for again, with the head that it came to. */
const initAgain = (init: Run['init']): RunForm['init'] =>
  init ? { source: init.source, id: init.id, head: init.head } : EMPTY_FORM.init

const computeAgain = ({ device, devices, max_runtime_s: seconds, priority }: Run['compute']): RunForm['compute'] => ({
  device,
  devices: showValue(devices),
  maxRuntimeS: showValue(seconds),
  priority: showValue(priority)
})

const checkpointAgain = (policy: Run['checkpoint']): RunForm['checkpoint'] => ({
  ...retentionFormOf(policy),
  everyS: showValue(policy.every_s)
})

/** Without the id of the one that was made. */
const evaluationAgain = (evaluation: Run['evaluation']): RunForm['evaluation'] =>
  evaluation
    ? { ...planFormOf(evaluation), isWanted: true, everyEpochs: showValue(evaluation.every_epochs) }
    : EMPTY_FORM.evaluation
