/**
 * Collapse alarms from the metrics of the training batch. Thresholds come from runs that were made to collapse and healthy
 * ones beside them (K = 256, three seeds; MI = entropy of the mean assignment − mean teacher entropy, in nats):
 *
 *   uniform  MI < 0.08 and teacher entropy > 0.95 ln K      fired at step 30; healthy epochs have MI ≥ 1.37, ≤ 0.51 ln K
 *   few      entropy of the mean < 1.4 and top share > 0.3  fired at step 30 (few) and 60 (one); healthy epochs ≥ 1.82
 *   plateau  MI < 1.1 and teacher entropy > 0.8 ln K        fired at step 280; healthy second epochs have MI ≥ 1.37
 *
 * Single batches scatter more than that, so rules see means over a window. κ, the loss and k-NN are no alarms: κ moves by
 * 3 % in a complete collapse, the lowest loss of all belongs to one that has a single prototype left, and the features of
 * the untrained network keep k-NN where it was.
 */
import type { Recipe } from '../recipe/schema.ts'
import type { AlarmEvent } from './events.ts'

/** Steps averaged before a rule looks. */
const WINDOW = 15
/** The first steps are never judged; of a long warm-up, whose learning rate is still next to 0, not the first fifth. */
const SKIPPED_STEPS = 20
const SKIPPED_SHARE_OF_WARMUP = 0.2
const PLATEAU_EPOCHS = 2

type Rule = AlarmEvent['rule']
type Metrics = Readonly<Record<string, number>>

const WATCHED = ['teacher_entropy', 'mean_assignment_entropy', 'top_assignment'] as const

interface Means {
  readonly teacherEntropy: number
  readonly meanEntropy: number
  readonly topShare: number
}

interface RuleSpec {
  readonly rule: Rule
  readonly firstStep: number
  readonly holds: (means: Means) => boolean
  readonly sentence: (means: Means) => string
}

export interface HealthWatch {
  /** @param step steps completed, ascending; returns the alarms that start here, each once until its condition has ended */
  observe(step: number, metrics: Metrics): AlarmEvent[]
}

/** Keeps no state beyond its window: after a resume it needs that many steps before it can speak again. */
export function watchHealth(recipe: Recipe, stepsPerEpoch: number): HealthWatch {
  const rules = rulesFor(recipe, stepsPerEpoch)
  const window: Metrics[] = []
  const heldSince = new Map<Rule, number>()

  function observe(step: number, metrics: Metrics): AlarmEvent[] {
    window.push(metrics)
    if (window.length > WINDOW) window.shift()
    if (window.length < WINDOW) return []
    const means = averageOf(window)
    return rules.flatMap(({ rule, firstStep, holds, sentence }) => {
      // The whole window must lie behind the first step that may be judged.
      const isHolding = step - WINDOW >= firstStep && holds(means)
      const isNew = isHolding && !heldSince.has(rule)
      if (!isHolding) heldSince.delete(rule)
      if (!isNew) return []
      const sinceStep = step - WINDOW + 1
      heldSince.set(rule, sinceStep)
      return [{ type: 'alarm', rule, step, sinceStep, message: sentence(means) }]
    })
  }

  return { observe }
}

function rulesFor(recipe: Recipe, stepsPerEpoch: number): RuleSpec[] {
  const { prototypes, warmupEpochs, epochs } = recipe.hyperparameters
  const uniform = Math.log(prototypes)
  const warmupSteps = Math.min(warmupEpochs, epochs) * stepsPerEpoch
  const firstStep = Math.max(SKIPPED_STEPS, Math.ceil(SKIPPED_SHARE_OF_WARMUP * warmupSteps))
  const information = ({ meanEntropy, teacherEntropy }: Means) => meanEntropy - teacherEntropy
  const share = ({ teacherEntropy }: Means) => `${((100 * teacherEntropy) / uniform).toFixed(0)} % of ln ${prototypes}`
  return [
    {
      rule: 'collapse_uniform',
      firstStep,
      holds: (means) => information(means) < 0.08 && means.teacherEntropy > 0.95 * uniform,
      sentence: (means) =>
        `Assignments are uniform: teacher entropy is ${share(means)} and tells ${information(means).toFixed(3)} nats about the image.`
    },
    {
      rule: 'collapse_few',
      firstStep,
      // With a handful of prototypes 1.4 nats would be all of them.
      holds: ({ meanEntropy, topShare }) => meanEntropy < Math.min(1.4, uniform / 2) && topShare > 0.3,
      sentence: ({ meanEntropy, topShare }) =>
        `Few prototypes take all images: ${Math.exp(meanEntropy).toFixed(1)} in effect, the first ${(100 * topShare).toFixed(0)} %.`
    },
    {
      rule: 'plateau',
      firstStep: Math.max(PLATEAU_EPOCHS * stepsPerEpoch, warmupSteps),
      holds: (means) => information(means) < 1.1 && means.teacherEntropy > 0.8 * uniform,
      sentence: (means) =>
        `Nothing is being learned: teacher entropy stays at ${share(means)}, ${information(means).toFixed(2)} nats about the image.`
    }
  ]
}

function averageOf(window: readonly Metrics[]): Means {
  const [teacherEntropy, meanEntropy, topShare] = WATCHED.map(
    (key) => window.reduce((sum, metrics) => sum + metrics[key]!, 0) / window.length
  ) as [number, number, number]
  return { teacherEntropy, meanEntropy, topShare }
}
