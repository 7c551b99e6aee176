/**
 * Evaluations in words that the lab and the platform share: the names of protocols, and what a result says. A result is
 * data: it says what was measured, with every setting that decides the number, so that it can be stored as it is and
 * compared with another whose protocol and settings are the same.
 */

/** In the order in which they are run. */
export const PROTOCOLS = ['knn', 'logistic', 'few_shot', 'retrieval', 'clustering', 'prototypes', 'label_free'] as const
export type Protocol = (typeof PROTOCOLS)[number]

/** Run only when they are asked for, since they train for minutes to hours. */
export const TRAINED_PROTOCOLS = ['linear', 'finetune'] as const
export type TrainedProtocol = (typeof TRAINED_PROTOCOLS)[number]

/** Those that judge a model by labels, or without any: any of them side by side. */
export const LAB_PROTOCOLS = [...PROTOCOLS, ...TRAINED_PROTOCOLS] as const

/** They tell images by names and not by labels: their bank is no set of images with labels, so each is asked for by itself. */
export const NAME_PROTOCOLS = ['copy_detection', 'revisited'] as const
export type NameProtocol = (typeof NAME_PROTOCOLS)[number]

export const ALL_PROTOCOLS = [...LAB_PROTOCOLS, ...NAME_PROTOCOLS] as const
export type AnyProtocol = (typeof ALL_PROTOCOLS)[number]

export const isAnyProtocol = (name: string): name is AnyProtocol => (ALL_PROTOCOLS as readonly string[]).includes(name)

export const isTrained = (name: string): name is TrainedProtocol =>
  (TRAINED_PROTOCOLS as readonly string[]).includes(name)

export const goesByNames = (name: string): name is NameProtocol => (NAME_PROTOCOLS as readonly string[]).includes(name)

export const isProtocol = (name: string): name is Protocol => (PROTOCOLS as readonly string[]).includes(name)

/** Those that need to know which prototype an image belongs to. */
export const OF_PROTOTYPES: readonly Protocol[] = ['clustering', 'prototypes']

/** Why they cannot be run on the first dimensions, as the end of a sentence. */
export const NEEDS_ALL_DIMENSIONS = 'needs all dimensions, from which prototypes are told'

/** Images are left out in so many groups, one after the other, for the interval of what is no mean: fewer are too few. */
export const GROUPS = 20

/** Why what compares labels is not run, as the end of a sentence. */
export const NOTHING_SHARED = 'needs a class that bank and queries share, and they share none'

/** Why those that train cannot be run on the first dimensions, as the end of a sentence. */
export const READS_ITS_OWN = 'reads features of its own, and no embeddings'

/** The original's. */
export const LINEAR_EPOCHS = 100
/** At each rate. */
export const FINETUNE_EPOCHS = 20
export const FINETUNE_RATES = [1e-4, 3e-4, 1e-3] as const
export const FINETUNE_BATCH = 32
export const MOST_PROBE_EPOCHS = 10_000

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
export const evaluationMetric = (protocol: AnyProtocol, metric: string): string => `eval/${protocol}_${metric}`

/** @param protocols null for all that can be computed */
export const isOfProtocols = (name: string, protocols: readonly AnyProtocol[] | null): boolean =>
  protocols === null || protocols.some((one) => name.startsWith(evaluationMetric(one, '')))

export const isEvaluationMetric = (name: string): boolean => METRIC_OF_EVALUATION.test(name)

export interface Evaluation<Name extends AnyProtocol = Protocol> {
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

export const isOfPrototypes = (evaluation: Evaluation<AnyProtocol>): evaluation is PrototypesEvaluation =>
  'buckets' in evaluation

/** What a caller may choose; the rest is a protocol's own. */
export interface ChosenSettings {
  /** Neighbours that vote in knn. */
  readonly k?: readonly number[]
  /** Of images for few_shot. */
  readonly draws?: number
  /** The first so many of an embedding, made unit vectors again; all of them by default. */
  readonly dimensions?: number
  /** That linear trains its classifiers for, and finetune its model at each rate. */
  readonly epochs?: number
  /** That finetune tries. */
  readonly rates?: readonly number[]
  /** In pixels, that copy_detection and revisited show a network. */
  readonly imageSize?: number
  /** Of draws, folds and intervals. */
  readonly seed: number
}

/** Protocols that hear a setting; the others all do. */
const SETTINGS_OF: { readonly [Name in keyof ChosenSettings]?: readonly AnyProtocol[] } = {
  k: ['knn'],
  draws: ['few_shot'],
  epochs: TRAINED_PROTOCOLS,
  rates: ['finetune'],
  imageSize: NAME_PROTOCOLS
}

/** The first that none of the protocols would hear; null for none. @param protocols null: all but those that train */
export function unheardSetting(
  settings: ChosenSettings,
  protocols: readonly AnyProtocol[] | null
): { readonly name: keyof ChosenSettings; readonly owners: readonly AnyProtocol[] } | null {
  const asked: readonly AnyProtocol[] = protocols ?? PROTOCOLS
  for (const name of Object.keys(SETTINGS_OF) as (keyof typeof SETTINGS_OF)[]) {
    const owners = SETTINGS_OF[name]
    if (owners === undefined || settings[name] === undefined) continue
    if (!owners.some((owner) => asked.includes(owner))) return { name, owners }
  }
  return null
}

/** A protocol that was not run, and why, as the end of a sentence: `needs …`. */
export interface LeftOut {
  readonly protocol: Protocol
  readonly reason: string
}
