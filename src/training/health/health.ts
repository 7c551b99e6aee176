/**
 * Collapse alarms from the metrics of the training batch. Thresholds come from runs that were made to collapse and healthy
 * ones beside them (K = 256, three seeds; MI = entropy of the mean assignment − mean teacher entropy, in nats):
 *
 *   uniform  MI < 0.08 and teacher entropy > 0.95 ln K      fired at step 30; healthy epochs have MI ≥ 1.37, ≤ 0.51 ln K
 *   few      entropy of the mean < 1.4 and top share > 0.35, fired at step 30 (few) and 60 (one); healthy epochs ≥ 1.82
 *            or top share ≥ 0.74, whatever K
 *   alike    MI < 0.08, whatever the entropy                without centering and blunt; healthy from step 35 on ≥ 0.72
 *   plateau  MI < 1.1 and teacher entropy > 0.8 ln K        fired at step 280; healthy second epochs have MI ≥ 1.37
 *
 * Single batches scatter more than that, so rules see means over a window. κ, the loss and k-NN are no alarms: κ moves by
 * 3 % in a complete collapse, the lowest loss of all belongs to one that has a single prototype left, and the features of
 * the untrained network keep k-NN where it was.
 */
import type { FloatTensor } from '../../base/safetensors.ts'
import { collapseSigns, informationOf, type AssignmentMeans as Means } from '../../math/collapse.ts'
import type { AlarmEvent } from '../../protocol/training-events.ts'
import type { Recipe } from '../../recipe/schema.ts'
import type { HealthTensors } from './window.ts'

/** Steps averaged before a rule looks. */
const WINDOW = 15
/** Clear steps in a row after which an alarm may come again: a mean that hovers at its threshold is one alarm and not a hundred. */
const CLEAR_STEPS = 4 * WINDOW
/** The first steps are never judged; of a long warm-up, whose learning rate is still next to 0, not the first fifth. */
const SKIPPED_STEPS = 20
const SKIPPED_SHARE_OF_WARMUP = 0.2
const PLATEAU_EPOCHS = 2

type Rule = AlarmEvent['rule']
type Metrics = Readonly<Record<string, number>>

const WATCHED = ['teacher_entropy', 'mean_assignment_entropy', 'top_assignment'] as const

interface RuleSpec {
  readonly rule: Rule
  readonly firstStep: number
  readonly sentence: (means: Means) => string
}

export interface HealthWatch {
  /** @param step steps completed, ascending; returns the alarms that start here, each once until its condition has been over for a while */
  observe(step: number, metrics: Metrics): AlarmEvent[]
  /** What a checkpoint keeps: a resumed run raises the alarms of an uninterrupted one, and none twice. */
  tensors(): HealthTensors
}

export interface WatchOptions {
  readonly stepsPerEpoch: number
  /** What `tensors` gave when the run was stopped; empty at its begin. */
  readonly from: HealthTensors
}

export function watchHealth(recipe: Recipe, { stepsPerEpoch, from }: WatchOptions): HealthWatch {
  const rules = rulesFor(recipe, stepsPerEpoch)
  const { prototypes } = recipe.hyperparameters
  const window = rowsOf(from.get('alarms.window'))
  const heldSince = new Map<Rule, number>()
  const clearFor = new Map<Rule, number>()
  const kept = from.get('alarms.held_since')?.data ?? []
  for (const [i, { rule }] of rules.entries()) {
    if (!kept[i]) continue
    heldSince.set(rule, kept[i])
    clearFor.set(rule, kept[rules.length + i] ?? 0)
  }

  function observe(step: number, metrics: Metrics): AlarmEvent[] {
    window.push(Float32Array.from(WATCHED, (key) => metrics[key]!))
    if (window.length > WINDOW) window.shift()
    if (window.length < WINDOW) return []
    const means = averageOf(window)
    const signs = collapseSigns(means, prototypes)
    return rules.flatMap(({ rule, firstStep, sentence }) => {
      // The whole window must lie behind the first step that may be judged.
      const isHolding = step - WINDOW >= firstStep && signs[rule]
      const isNew = isHolding && !heldSince.has(rule)
      const clear = isHolding ? 0 : (clearFor.get(rule) ?? 0) + 1
      clearFor.set(rule, clear)
      if (clear >= CLEAR_STEPS) heldSince.delete(rule)
      if (!isNew) return []
      const sinceStep = step - WINDOW + 1
      heldSince.set(rule, sinceStep)
      return [{ type: 'alarm', rule, step, sinceStep, message: sentence(means) }]
    })
  }

  const held = (): number[] => [
    ...rules.map(({ rule }) => heldSince.get(rule) ?? 0),
    ...rules.map(({ rule }) => (heldSince.has(rule) ? (clearFor.get(rule) ?? 0) : 0))
  ]

  function tensors(): HealthTensors {
    const rows = Float32Array.from(window.flatMap((row) => [...row]))
    return new Map<string, FloatTensor>([
      ['alarms.window', { shape: [window.length, WATCHED.length], data: rows }],
      // Steps count from 1, so that 0 is "not held". Then, of those that are, for how many steps they have been clear.
      ['alarms.held_since', { shape: [2 * rules.length], data: Float32Array.from(held()) }]
    ])
  }

  return { observe, tensors }
}

/** The metrics of each step of the window, in the order of WATCHED; they come from float32, so nothing is lost. */
const rowsOf = (window: FloatTensor | undefined): Float32Array[] =>
  Array.from({ length: window?.shape[0] ?? 0 }, (_, i) =>
    window!.data.slice(i * WATCHED.length, (i + 1) * WATCHED.length)
  )

function rulesFor(recipe: Recipe, stepsPerEpoch: number): RuleSpec[] {
  const { prototypes, warmupEpochs, epochs } = recipe.hyperparameters
  const uniform = Math.log(prototypes)
  const warmupSteps = Math.min(warmupEpochs, epochs) * stepsPerEpoch
  const firstStep = Math.max(SKIPPED_STEPS, Math.ceil(SKIPPED_SHARE_OF_WARMUP * warmupSteps))
  const share = ({ teacherEntropy }: Means) => `${((100 * teacherEntropy) / uniform).toFixed(0)} % of ln ${prototypes}`
  return [
    {
      rule: 'collapse_uniform',
      firstStep,
      sentence: (means) =>
        `Assignments are uniform: teacher entropy is ${share(means)} and tells ${informationOf(means).toFixed(3)} nats about the image.`
    },
    {
      rule: 'collapse_few',
      firstStep,
      sentence: ({ meanEntropy, topShare }) =>
        `Few prototypes take all images: ${Math.exp(meanEntropy).toFixed(1)} in effect, the first ${(100 * topShare).toFixed(0)} %.`
    },
    {
      rule: 'collapse_alike',
      firstStep,
      sentence: (means) =>
        `All images are assigned alike: an assignment tells ${informationOf(means).toFixed(3)} nats about its image.`
    },
    {
      rule: 'plateau',
      firstStep: Math.max(PLATEAU_EPOCHS * stepsPerEpoch, warmupSteps),
      sentence: (means) =>
        `Nothing is being learned: teacher entropy stays at ${share(means)}, ${informationOf(means).toFixed(2)} nats about the image.`
    }
  ]
}

function averageOf(window: readonly Float32Array[]): Means {
  const [teacherEntropy, meanEntropy, topShare] = WATCHED.map(
    (_, i) => window.reduce((sum, row) => sum + row[i]!, 0) / window.length
  ) as [number, number, number]
  return { teacherEntropy, meanEntropy, topShare }
}
