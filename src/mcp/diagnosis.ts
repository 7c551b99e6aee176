/**
 * What a run's numbers say about collapse, in the words of docs/metrics.md, docs/method.md (6) and the rules of the trainer. Nothing is
 * concluded beyond them: where no rule holds, the numbers are told with what the docs say they mean.
 */
import type { Metrics, Run, RunEvent } from '../client/resources.ts'
import { type AssignmentMeans, collapseSigns, informationOf } from '../math/collapse.ts'

/** Steps that the trainer averages before a rule looks (training/health/health.ts): single batches scatter. */
export const WINDOW_STEPS = 15

export const STEP_KEYS = [
  'teacher_entropy',
  'mean_assignment_entropy',
  'top_assignment',
  'kl',
  'loss_over_ln_k'
] as const
export const WINDOW_KEYS = [
  ...['kappa_p5', 'kappa_p50', 'kappa_p95'],
  ...['used_prototypes', 'unique_prototypes', 'effective_rank', 'feature_spread']
] as const

export interface Evidence {
  readonly run: Run
  /** Of the last steps. */
  readonly last: Metrics
  /** Of the whole run. */
  readonly curves: Metrics
  readonly alarms: readonly RunEvent[]
  /** Not all of the log was read. */
  readonly isLogCut: boolean
}

type Rule = keyof ReturnType<typeof collapseSigns>

const MEANINGS: Readonly<Record<Rule, string>> = {
  collapse_uniform: 'assignments are uniform: all images get every prototype alike',
  collapse_few: 'few prototypes take all images',
  collapse_alike: 'all images are assigned alike',
  plateau: 'nothing is being learned'
}

/** Fields of a recipe that bear on each; what is said of them is their row of docs/hyperparameters.md, word for word. */
const FIELDS: Readonly<Record<Rule, readonly string[]>> = {
  collapse_uniform: ['teacher_temperature', 'centering', 'center_momentum'],
  collapse_few: ['teacher_temperature', 'centering', 'center_momentum'],
  collapse_alike: ['centering', 'teacher_temperature', 'koleo.features'],
  plateau: ['teacher_temperature', 'learning_rate']
}

const finite = (values: readonly (number | null)[]): number[] => values.filter((one) => one !== null)
const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length
/** Words of others, which may name files of whoever made the images: one line, and seen to be a quotation. */
const quoted = (text: string): string => JSON.stringify(text)
const short = (value: number): string => String(Number(value.toPrecision(4)))

function valuesOf(metrics: Metrics, key: string): number[] {
  return finite(metrics.series.find((one) => one.key === key)?.values ?? [])
}

function meansOf(last: Metrics): AssignmentMeans | null {
  const [teacherEntropy, meanEntropy, topShare] = STEP_KEYS.slice(0, 3).map((key) => valuesOf(last, key))
  if (!teacherEntropy?.length || !meanEntropy?.length || !topShare?.length) return null
  return { teacherEntropy: mean(teacherEntropy), meanEntropy: mean(meanEntropy), topShare: mean(topShare) }
}

export interface Diagnosis {
  readonly text: string
  /** Fields of docs/hyperparameters.md to look at. */
  readonly fields: readonly string[]
}

export function diagnose(evidence: Evidence): Diagnosis {
  const { prototypes } = evidence.run.resolved_recipe.hyperparameters
  const means = meansOf(evidence.last)
  const held = means === null ? [] : heldRules(means, prototypes)
  const raised = evidence.alarms.flatMap(({ data }) => (isRule(data['rule']) ? [data['rule']] : []))
  const unique = last(evidence.curves, 'unique_prototypes')
  const used = last(evidence.curves, 'used_prototypes')
  const fields = new Set([...held, ...raised].flatMap((rule) => FIELDS[rule]))
  // Their row says "far below", and no number: half is enough to show it.
  if (unique !== null && used !== null && unique < used / 2) fields.add('koleo.prototypes')
  const lines = [
    stateLine(evidence.run),
    '',
    '## Alarms that the trainer raised',
    ...alarmLines(evidence),
    '',
    `## The last ${WINDOW_STEPS} steps, averaged as the trainer's rules do`,
    ...(means === null ? ['There are no metrics of assignments yet.'] : meansLines(means, held, prototypes)),
    '',
    '## Prototypes, kappa and features',
    ...curveLines(evidence, prototypes)
  ]
  return { text: lines.join('\n'), fields: [...fields] }
}

const isRule = (rule: unknown): rule is Rule => typeof rule === 'string' && Object.hasOwn(MEANINGS, rule)

const heldRules = (means: AssignmentMeans, prototypes: number): Rule[] => {
  const signs = collapseSigns(means, prototypes)
  return (Object.keys(signs) as Rule[]).filter((rule) => signs[rule])
}

function stateLine({ id, status, status_reason, progress, resolved_recipe, error }: Run): string {
  const reason = status_reason === null ? '' : ` (${status_reason})`
  const failure = error === null ? '' : ` It failed: ${error.code}: ${quoted(error.message)}`
  const { method } = resolved_recipe
  return `Run ${id} (${method}) is ${status}${reason} at step ${progress.step} of ${progress.total_steps}, epoch ${progress.epoch}.${failure}`
}

function alarmLines({ alarms, isLogCut }: Evidence): string[] {
  const cut = isLogCut ? ['The log is longer than was read here; later alarms may be missing.'] : []
  if (alarms.length === 0) return ['None.', ...cut]
  return [...alarms.map(alarmLine), ...cut]
}

function alarmLine({ data }: RunEvent): string {
  const text = (name: string) => (data[name] === undefined || data[name] === null ? null : String(data[name]))
  const checkpoint = text('last_healthy_checkpoint')
  const healthy = checkpoint === null ? '' : ` The last checkpoint from before it: ${checkpoint}.`
  const since = text('since_step')
  const at =
    text('step') === null ? '' : ` at step ${text('step')}${since === null ? '' : `, holding since step ${since}`}`
  return `- ${text('rule') ?? 'alarm'}${at}: ${quoted(text('message') ?? '')}${healthy}`
}

function meansLines(means: AssignmentMeans, held: readonly Rule[], prototypes: number): string[] {
  const { teacherEntropy, meanEntropy, topShare } = means
  const most = Math.log(prototypes)
  const share = ((100 * teacherEntropy) / most).toFixed(0)
  const rules = held.map((rule) => `- The rule ${rule} holds of them: ${MEANINGS[rule]}.`)
  return [
    `- teacher_entropy ${short(teacherEntropy)} nats, ${share} % of ln ${prototypes} = ${short(most)}, which uniform assignments have.`,
    `- mean_assignment_entropy ${short(meanEntropy)} nats: ${short(Math.exp(meanEntropy))} of ${prototypes} prototypes in effect (ln K where all are used alike).`,
    `- The difference, what an assignment tells about its image: ${short(informationOf(means))} nats.`,
    `- top_assignment ${(100 * topShare).toFixed(1)} %, the largest share that one prototype has of a batch.`,
    ...(rules.length > 0
      ? rules
      : ['- None of the rules collapse_uniform, collapse_few, collapse_alike and plateau holds of them.']),
    ...(held.includes('plateau')
      ? ['- The trainer asks for plateau only from the third epoch, and the end of the warm-up, on.']
      : [])
  ]
}

const last = (curves: Metrics, key: string): number | null => valuesOf(curves, key).at(-1) ?? null

function curveLines({ curves }: Evidence, prototypes: number): string[] {
  const fromTo = (key: string, what: string): string[] => {
    const values = valuesOf(curves, key)
    if (values.length === 0) return []
    return [`- ${key} ${short(values[0]!)} at first, ${short(values.at(-1)!)} now: ${what}.`]
  }
  const spread = [last(curves, 'kappa_p5'), last(curves, 'kappa_p50'), last(curves, 'kappa_p95')]
  const kappa = spread.some((one) => one === null)
    ? []
    : [
        `- kappa 5/50/95 %: ${spread.map((one) => short(one!)).join(' / ')}. It is no alarm: it moves by 3 % in a complete collapse (docs/metrics.md).`
      ]
  const lines = [
    ...fromTo('used_prototypes', `prototypes of ${prototypes} that are the likeliest of an image of the window`),
    ...fromTo('unique_prototypes', 'of the 1,024 most used, those that repeat no other'),
    ...kappa,
    ...fromTo('effective_rank', "directions that the teacher's features use (RankMe); 1 is complete collapse"),
    ...fromTo('feature_spread', '1 when isotropic, 0 when all images are alike')
  ]
  return lines.length > 0 ? lines : ['No window of 50 steps, and no epoch, has ended yet.']
}
