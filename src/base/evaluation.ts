/**
 * Evaluations in words that the lab and the platform share: the names of protocols, and what a result says. A result is
 * data: it says what was measured, with every setting that decides the number, so that it can be stored as it is and
 * compared with another whose protocol and settings are the same.
 */

/** In the order in which they are run. */
export const PROTOCOLS = ['knn', 'logistic', 'few_shot', 'retrieval', 'clustering', 'prototypes', 'label_free'] as const
export type Protocol = (typeof PROTOCOLS)[number]

/** With those that are run only when they are asked for, since they train for minutes to hours. */
export const LAB_PROTOCOLS = [...PROTOCOLS, 'linear'] as const
export type LabProtocol = (typeof LAB_PROTOCOLS)[number]

/** With those of the command line alone: the last two tell images by names and not by labels, and are asked for by themselves. */
export const CLI_PROTOCOLS = [...LAB_PROTOCOLS, 'finetune', 'copy_detection', 'revisited'] as const
export type CliProtocol = (typeof CLI_PROTOCOLS)[number]

export const isCliProtocol = (name: string): name is CliProtocol => (CLI_PROTOCOLS as readonly string[]).includes(name)

export const isProtocol = (name: string): name is Protocol => (PROTOCOLS as readonly string[]).includes(name)

/** Those that need to know which prototype an image belongs to. */
export const OF_PROTOTYPES: readonly Protocol[] = ['clustering', 'prototypes']

/** Why they cannot be run on the first dimensions, as the end of a sentence. */
export const NEEDS_ALL_DIMENSIONS = 'needs all dimensions, from which prototypes are told'

/** Images are left out in so many groups, one after the other, for the interval of what is no mean: fewer are too few. */
export const GROUPS = 20

/** Why what compares labels is not run, as the end of a sentence. */
export const NOTHING_SHARED = 'needs a class that bank and queries share, and they share none'

/** The original's. */
export const LINEAR_EPOCHS = 100
export const MOST_LINEAR_EPOCHS = 10_000

/** More draws than this tell no more. */
export const MOST_DRAWS = 1000

/** A number and the 95 % interval around it; the result's settings say how the interval was made. */
export interface Estimate {
  readonly value: number
  readonly low: number
  readonly high: number
}

/** Numbers, names and lists of them. */
export type Setting = number | string | boolean | null | readonly (number | string)[]

const PLAIN = /^(rankme|alpha|log_likelihood|nmi_.*|ari_.*|.*_correlation)$/

/** Whether a metric is a share, and shown in percent. */
export const isShare = (metric: string): boolean => !PLAIN.test(metric)

const METRIC_OF_EVALUATION = new RegExp(`^eval/(${LAB_PROTOCOLS.join('|')})_[a-z0-9_]+$`)

/** What a metric of a protocol is called among the metrics of a run. */
export const evaluationMetric = (protocol: LabProtocol, metric: string): string => `eval/${protocol}_${metric}`

export const isEvaluationMetric = (name: string): boolean => METRIC_OF_EVALUATION.test(name)

export interface Evaluation<Name extends CliProtocol = Protocol> {
  readonly protocol: Name
  readonly settings: Readonly<Record<string, Setting>>
  /** Images that were learned from or voted; null where none were. */
  readonly bank: number | null
  /** Images that were judged. */
  readonly queries: number
  /** Among all of them; null where no label was read. */
  readonly classes: number | null
  readonly metrics: Readonly<Record<string, Estimate>>
}

export interface Bucket {
  readonly by: 'kappa' | 'usage'
  /** Smallest and largest κ, or usage, of its prototypes. */
  readonly from: number
  readonly to: number
  readonly prototypes: number
  readonly images: number
  readonly top1: Estimate
}

export interface PrototypesEvaluation extends Evaluation {
  readonly used: number
  /** Ascending, by κ and then by usage; fewer where a prototype has more images than a bucket. */
  readonly buckets: readonly Bucket[]
}

export const isOfPrototypes = (evaluation: Evaluation<CliProtocol>): evaluation is PrototypesEvaluation =>
  'buckets' in evaluation

/** What a caller may choose; the rest is a protocol's own. */
export interface ChosenSettings {
  /** Neighbours that vote in knn. */
  readonly k?: readonly number[]
  /** Of images for few_shot. */
  readonly draws?: number
  /** The first so many of an embedding, made unit vectors again; all of them by default. */
  readonly dimensions?: number
  /** That linear trains its classifiers for. */
  readonly epochs?: number
  /** Of draws, folds and intervals. */
  readonly seed: number
}

/** A protocol that was not run, and why, as the end of a sentence: `needs …`. */
export interface LeftOut {
  readonly protocol: Protocol
  readonly reason: string
}
